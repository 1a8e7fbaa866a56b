"""
What programs read: results for Gradescope (results.json), Classroom 50 (classroom50/result/v1) and JUnit's readers.

Read more: https://gradescope-autograders.readthedocs.io/en/latest/specs/ (Output format);
https://github.com/foundation50/classroom50/wiki/Advanced-Autograding (The result.json contract).
"""

import datetime
import json
import os
import re
from xml.etree import ElementTree

from . import report
from .verdicts import NoVerdict

# What the Classroom 50 runner says about a submission. It overwrites or checks them; outside of it they say nothing.
CLASSROOM50 = {"classroom": "CLASSROOM", "assignment": "ASSIGNMENT", "submission": "SUBMISSION_TAG", "commit": "COMMIT_URL",
               "release": "RELEASE_URL", "review": "REVIEW_URL"}
NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def _text(result):
    return report.clean("\n".join(report.details(result)))


def gradescope(lab, results, message):
    """Gradescope's results.json."""
    return {
        "score": sum(result.score for result in results),
        "output": report.clean(message),
        "visibility": "visible",
        "execution_time": round(sum(result.seconds for result in results)),
        "tests": [{"number": result.test.exercise, "name": result.test.name, "score": result.score,
                   "max_score": result.test.points, "status": "failed" if result.verdict else "passed",
                   "output": _text(result), "output_format": "text", "visibility": result.test.visibility}
                  for result in results],
    }


def classroom50(lab, results, message):
    """Classroom 50's result.json."""
    now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    about = {key: os.environ.get(name) or "local" for key, name in CLASSROOM50.items()}
    if about["review"] == "local":
        about["review"] = about["commit"]
    return {
        "schema": "classroom50/result/v1",
        **about,
        "datetime": now,
        "score": sum(result.score for result in results),
        "max-score": sum(result.test.points for result in results),
        "tests": [{"test-name": f"{result.test.exercise} {result.test.name}", "passed": not result.verdict,
                   "score": result.score, "max-score": result.test.points, "output": _text(result)} for result in results],
    }


def write_json(path, document):
    """Whole or not at all: a reader never finds half a file."""
    temporary = path.with_name(path.name + ".new")
    temporary.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    os.replace(temporary, path)


def write_junit(path, lab, results):
    """JUnit's XML. A test without a verdict is an error there, not a failure."""
    failed = [result for result in results if result.verdict]
    errors = sum(isinstance(result.verdict, NoVerdict) for result in failed)
    suite = ElementTree.Element("testsuite", name=f"lab{lab.number}", tests=str(len(results)), errors=str(errors),
                                failures=str(len(failed) - errors), time=f"{sum(r.seconds for r in results):.3f}")
    for result in results:
        case = ElementTree.SubElement(suite, "testcase", classname=f"lab{lab.number}.{result.test.exercise}",
                                      name=result.test.name, time=f"{result.seconds:.3f}")
        if result.verdict:
            tag = "error" if isinstance(result.verdict, NoVerdict) else "failure"
            entry = ElementTree.SubElement(case, tag, type=report.kind(result.verdict),
                                           message=NOT_XML.sub("?", report.clean(result.verdict.message)))
            entry.text = NOT_XML.sub("?", _text(result))
    root = ElementTree.Element("testsuites")
    root.append(suite)
    ElementTree.ElementTree(root).write(path, encoding="utf-8", xml_declaration=True)
