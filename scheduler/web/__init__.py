"""HTTP: the dashboard, the API, metrics and health checks. Only owner of starlette, uvicorn and jinja2."""
