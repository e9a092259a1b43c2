#!/bin/sh
# Runs a command now, and again so many seconds after it has ended: every.sh SECONDS COMMAND...
# The exit status of the last run stands in LAST_STATUS (/tmp/last-status): "running" until the first has ended.
# every.sh --check SECONDS is the health check: 1 where the last run failed, or none has ended
# within twice so long and an hour.
set -u

last="${LAST_STATUS:-/tmp/last-status}"
if [ "$1" = --check ]; then
    case "$(cat "$last")" in running | 0 | 1) ;; *) exit 1 ;; esac
    age=$(($(date +%s) - $(stat -c %Y "$last")))
    [ "$age" -le $((2 * $2 + 3600)) ] || exit 1
    exit 0
fi

seconds="$1"
shift
note() {
    echo "$1" > "$last.new"
    mv "$last.new" "$last"
}
note running
while true; do
    status=0
    "$@" || status=$?
    note "$status"
    sleep "$seconds"
done
