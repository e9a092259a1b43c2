#!/bin/sh
# Runs a command now, and again so many seconds after it has ended: every.sh SECONDS COMMAND...
# The exit status of the last run stands in /tmp/last-status, for the health check.
set -u

seconds="$1"
shift
last="${LAST_STATUS:-/tmp/last-status}"
while true; do
    status=0
    "$@" || status=$?
    echo "$status" > "$last.new"
    mv "$last.new" "$last"
    sleep "$seconds"
done
