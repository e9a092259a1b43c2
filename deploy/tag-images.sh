#!/bin/sh
# Writes the commit into .env as the tag of the images: after `git pull` no container starts from an older image.
set -eu

test -f .env || { echo "there is no .env: cp deploy/env.example .env, and give every empty variable a value" >&2; exit 2; }
version=$(git describe --always --dirty)
rest=$(grep -v '^COUNTERSIGN_VERSION=' .env)
umask 077
printf '%s\nCOUNTERSIGN_VERSION=%s\n' "$rest" "$version" > .env.new
mv .env.new .env
echo "images are tagged $version"
