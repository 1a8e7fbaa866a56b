#!/bin/sh
# Build the disk image: a thin front of make, whose options and variables it takes.
exec "${MAKE:-make}" -C "$(dirname "$0")/.." image "$@"
