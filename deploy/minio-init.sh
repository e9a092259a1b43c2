#!/bin/sh
# The buckets, the notifications of new objects, and a key for each role. Runs again without harm.
set -eu

mc alias set store http://minio:9000 "$MINIO_ROOT_USER" "$MINIO_ROOT_PASSWORD" >/dev/null

mc mb --ignore-existing "store/$INTAKE_BUCKET"
mc mb --ignore-existing "store/$RESULTS_BUCKET"
# A version names the very bytes of a document, even when its key is written again.
mc version enable "store/$INTAKE_BUCKET"
# No key of an answer is written twice; if somebody does it by hand, both can be looked at.
mc version enable "store/$RESULTS_BUCKET"

# A role, its access key and its secret key.
grant() {
    mc admin policy create store "countersign-$1" "/init/policies/$1.json"
    mc admin user add store "$2" "$3" >/dev/null
    # Attaching what is attached already is an error of mc's, so look first.
    # The image of mc carries no grep.
    case "$(mc admin policy entities store --user "$2")" in
        *"countersign-$1"*) ;;
        *) mc admin policy attach store "countersign-$1" --user "$2" ;;
    esac
}
grant producer "$S3_PRODUCER_ACCESS_KEY" "$S3_PRODUCER_SECRET_KEY"
grant worker "$S3_WORKER_ACCESS_KEY" "$S3_WORKER_SECRET_KEY"
grant web "$S3_WEB_ACCESS_KEY" "$S3_WEB_SECRET_KEY"
grant desk "$S3_DESK_ACCESS_KEY" "$S3_DESK_SECRET_KEY"

mc event add --ignore-existing "store/$INTAKE_BUCKET" arn:minio:sqs::INTAKE:redis --event put
