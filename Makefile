# The commands of those who maintain the course and those who teach it: make help lists them.
#
# How the system is built stands in scripts/build.mk, what a student types in GNUmakefile.lab. This
# file holds no knowledge of its own: every command is a script or a target of build.mk.

include scripts/build.mk

LAB ?= 1

# Further options for QEMU in make run and make debug: make run QEMUOPTS="-m 8"
QEMUOPTS ?=

.DEFAULT_GOAL := image
.PHONY: tools run userland debug test test-all course grade handouts hosted-test autograder \
        bench lint doctor clean help

# The tree as it is after lab LAB. Its grader knows no later labs, so it grades everybody's lab LAB.
solution := $(BUILD)/solution/lab$(LAB)

# On a fresh machine the compiler is not there yet when make reads build.mk, so what builds comes in
# a second make, after the tools.
tools:
	@scripts/setup --quiet

run: tools ## install what is missing, build, boot; the serial console is here (Ctrl-A X leaves)
	@$(MAKE) --no-print-directory image
	@scripts/run_qemu.sh $(QEMUOPTS)

userland: tools ## the same with Debian's programs (ext2, fetched once) and a shell as first process
	@$(MAKE) --no-print-directory image
	@scripts/userland $(QEMUOPTS)

debug: tools ## the same under gdb, stopped at the first instruction, symbols loaded
	@$(MAKE) --no-print-directory image
	@scripts/debug_qemu.sh $(QEMUOPTS)

test: tools ## everything a release needs; ends in "N passed, N failed"
	@scripts/run-tests

test-all: tools ## the same with all mutants and two hundred repetitions: hours
	@scripts/run-tests --all

course: tools ## build/course.git and build/staff.git, to publish; ONTO=url builds on what is published there
	@scripts/course --out $(BUILD) $(if $(ONTO),--onto "$(ONTO)") $(if $(MESSAGE),--message "$(MESSAGE)")

grade: tools ## grade LAB=N, the solution or TREE=dir; TEST="names" and SEED=hex narrow it
	@rm -rf $(solution)
	@scripts/course tree $(LAB) $(LAB) $(solution)
	@$(solution)/grade/lab$(LAB) --work $(BUILD)/grade --tree "$(or $(TREE),$(solution))" \
	    $(TEST) $(if $(SEED),--seed $(SEED))

handouts: tools ## build/handouts: the course's pages and PDFs
	@scripts/handouts.py --pdf

hosted-test: tools ## what needs no hardware, on the host under the sanitizers
	@$(MAKE) --no-print-directory -C tests/hosted

autograder: tools ## the zip for Gradescope: LAB=N
	@scripts/autograder $(LAB)

bench: tools ## measure the build, the boot, the kernel, grading and testing
	@scripts/bench

lint: ## layers, style and size of the code
	@scripts/lint

doctor: ## examine this machine; says how to mend what is wrong
	@scripts/doctor

clean: ## remove all that was built
	rm -rf $(BUILD) compile_commands.json

help: ## this list
	@echo "make (without a word) builds build/myos.img. Further:"
	@sed -n 's/^\([a-z-]*\):.*## /\1:/p' $(firstword $(MAKEFILE_LIST)) | \
	    while IFS=: read -r name text; do printf '  make %-12s %s\n' "$$name" "$$text"; done
