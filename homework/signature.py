"""Only what the grader has marked gets into nbgrader's gradebook.

nbgrader reads marks from the outputs of the test cells. In a notebook as it was handed in, these
are what its author likes. So the grader signs the notebooks that it has marked, with the
course's secret, and nbgrader's configuration has the signature checked.
"""

import hashlib
import hmac
import json
from pathlib import Path

from nbformat import NotebookNode
from nbgrader.preprocessors import NbGraderPreprocessor
from traitlets import Unicode


class NotSignedError(RuntimeError):
    """A notebook was not marked by the grader."""


def sign(notebook: NotebookNode, student: str, secret: bytes) -> None:
    """Write the signature into the notebook's metadata."""
    notebook.metadata["marked"] = {"signature": _signature(notebook, student, secret)}


def _signature(notebook: NotebookNode, student: str, secret: bytes) -> str:
    marks = [
        (cell.metadata.nbgrader.grade_id, cell.get("outputs"))
        for cell in notebook.cells
        if cell.metadata.get("nbgrader", {}).get("grade")
    ]
    message = f"marks\0{student}\0{json.dumps(marks, sort_keys=True)}".encode()
    return hmac.digest(secret, message, hashlib.sha256).hex()


class OnlySigned(NbGraderPreprocessor):
    """Stops nbgrader at a notebook without the grader's signature for this student."""

    secret = Unicode(help="Path of the course's secret.").tag(config=True)

    def preprocess(self, nb: NotebookNode, resources: dict) -> tuple[NotebookNode, dict]:
        """Return the notebook as it is.

        Raises
        ------
        NotSignedError
            If it was not marked, or was changed afterwards.
        """
        student = resources["nbgrader"]["student"]
        expected = _signature(nb, student, Path(self.secret).read_bytes())
        given = nb.metadata.get("marked", {}).get("signature", "")
        if not hmac.compare_digest(expected, given):
            raise NotSignedError(
                f"The notebook of {student} was not marked: its outputs are what {student} made "
                "them. Grade with `make homework-grade`, which runs it in the sandbox."
            )
        return nb, resources
