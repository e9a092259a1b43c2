#!/bin/sh
# Starts Redis with two users: the service, which may not administer the server, and the object store, which
# may only leave notifications. Passwords come from the environment and stand in a file only Redis can read.
set -eu

users="${REDIS_USERS_FILE:-/run/users.acl}"
umask 077
cat > "$users" <<USERS
user default on >$REDIS_NOTICE_PASSWORD ~countersign:notices resetchannels +@all -@admin -@dangerous
user countersign on >$REDIS_PASSWORD ~* &* +@all -@admin -@dangerous +info
USERS
unset REDIS_PASSWORD REDIS_NOTICE_PASSWORD

exec redis-server --aclfile "$users" "$@"
