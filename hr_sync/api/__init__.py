"""The REST API: results out, candidates and jobs in and out, calls and recordings; described by OpenAPI 3.1 at /openapi.json."""
