#!/bin/sh
# The buckets, the notifications of new objects, and the key of the service. Runs again without harm.
set -eu

mc alias set store http://minio:9000 "$MINIO_ROOT_USER" "$MINIO_ROOT_PASSWORD" >/dev/null

mc mb --ignore-existing "store/$INTAKE_BUCKET"
mc mb --ignore-existing "store/$RESULTS_BUCKET"
# A version names the very bytes of a document, even when its key is written again.
mc version enable "store/$INTAKE_BUCKET"

mc admin policy create store countersign /init/minio-policy.json
mc admin user add store "$S3_ACCESS_KEY" "$S3_SECRET_KEY" >/dev/null
# Attaching what is attached already is an error of mc's, so look first.
if ! mc admin policy entities store --user "$S3_ACCESS_KEY" | grep -qw countersign; then
    mc admin policy attach store countersign --user "$S3_ACCESS_KEY"
fi

mc event add --ignore-existing "store/$INTAKE_BUCKET" arn:minio:sqs::INTAKE:redis --event put
