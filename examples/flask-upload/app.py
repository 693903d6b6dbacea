"""A web application that hands an uploaded file to schedd, and shows what became of it."""

from pathlib import Path
from uuid import uuid4

from flask import Flask, abort, redirect, render_template_string, request, url_for
from werkzeug.wrappers import Response

from scheduler.client import Client, Output, TooManyWaitingError, UnknownError

HERE = Path(__file__).parent
UPLOADS = HERE / "var/uploads"

FORM = """
<form method="post" enctype="multipart/form-data"><input type="file" name="file" required><button>Import</button></form>
"""
OUTCOME = """
{% if result.state in ("waiting", "running", "retrying") %}<meta http-equiv="refresh" content="2">{% endif %}
<p>Import {{ result.id }}: {{ result.outcome or result.message or result.state }}</p>
<pre>{{ output }}</pre>
"""

app = Flask(__name__)
schedd = Client(HERE / "schedules.yaml")


@app.get("/")
def form() -> str:
    """The form."""
    return FORM


@app.post("/")
def upload() -> Response:
    """Keep the file, request its import, and answer at once."""
    UPLOADS.mkdir(parents=True, exist_ok=True)
    path = UPLOADS / f"{uuid4()}.csv"
    request.files["file"].save(path)
    try:
        run_id = schedd.enqueue("import", path)
    except TooManyWaitingError:
        path.unlink()
        abort(503, "Too many imports wait already; try again later.")
    return redirect(url_for("outcome", run_id=run_id), 303)


@app.get("/imports/<run_id>")
def outcome(run_id: str) -> str:
    """The state of an import and, once it has ended, what it printed."""
    try:
        result = schedd.result(run_id)
        events = schedd.follow(run_id) if result.state == "finished" else ()
        output = b"".join(event.data for event in events if isinstance(event, Output))
    except UnknownError:
        abort(404)
    return render_template_string(OUTCOME, result=result, output=output.decode(errors="replace"))
