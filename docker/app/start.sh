#!/bin/sh
# Fetches the models that are not on the volume yet, then becomes the server.
set -eu
hireline models fetch
exec hireline serve
