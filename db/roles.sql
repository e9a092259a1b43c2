-- Five roles with no more rights than their work needs; `countersign migrate --roles` runs this after the
-- migrations. It may run again at any time. Who owns the tables is the operator: migrate, enroll, retry, erase.
--
--   countersign_producer   watch, submit: registers documents, reads no answers
--   countersign_worker     the stages: writes answers, deletes nothing, rewrites no history
--   countersign_reader     status, results, report, dashboards: reads everything but embeddings
--   countersign_web        serve: reads as the reader, submits, sends again, decides; erases and enrolls nothing
--   countersign_deliverer  deliver: reads the feed and the secrets of webhooks; nothing that documents show

DO $$
DECLARE
    one text;
BEGIN
    FOREACH one IN ARRAY ARRAY['countersign_producer', 'countersign_worker', 'countersign_reader',
        'countersign_web', 'countersign_deliverer'] LOOP
        BEGIN
            EXECUTE format('CREATE ROLE %I NOLOGIN', one);
        EXCEPTION WHEN duplicate_object OR unique_violation THEN
            NULL; -- another database of this server has made it
        END;
    END LOOP;
END
$$;

REVOKE ALL ON ALL TABLES IN SCHEMA public FROM countersign_producer, countersign_worker, countersign_reader,
    countersign_web, countersign_deliverer;
REVOKE ALL ON ALL SEQUENCES IN SCHEMA public FROM countersign_producer, countersign_worker, countersign_reader,
    countersign_web, countersign_deliverer;
GRANT USAGE ON SCHEMA public TO countersign_producer, countersign_worker, countersign_reader, countersign_web,
    countersign_deliverer;
GRANT SELECT ON alembic_version TO countersign_producer, countersign_worker, countersign_reader,
    countersign_web, countersign_deliverer;

GRANT SELECT, INSERT ON documents, claims TO countersign_producer;
GRANT SELECT ON erasures TO countersign_producer;
GRANT INSERT, SELECT (id) ON events TO countersign_producer;
GRANT USAGE ON SEQUENCE documents_id_seq, claims_id_seq, events_id_seq TO countersign_producer;

GRANT SELECT ON documents, claims, chunks, pages, regions, verdicts, suggestions, signers, "references", versions,
    events, scopes, duplicates, reference_copies, answers, answered_claims,
    answered_marks TO countersign_worker;
-- What names a document, and why its next answer is sought and by whom, stays as it was registered or asked.
GRANT UPDATE (bytes, sha256, format, status, stage, reason, detail, signed, pages_total, original_id, result_key,
        versions_id, completeness, finished_at, answer, fence, lease_until, holder, due_at, deliveries)
    ON documents TO countersign_worker;
-- Answers are added and never changed; guards/postgresql.sql holds them to their order and takes their places in
-- the feed, in which no role writes.
GRANT INSERT ON answers, answered_claims, answered_marks TO countersign_worker;
GRANT INSERT, UPDATE ON chunks, pages, regions, duplicates TO countersign_worker;
GRANT INSERT ON verdicts, suggestions, versions, events, scopes, reference_copies TO countersign_worker;
-- Workers say that they are alive; who has gone silent is forgotten.
GRANT SELECT, INSERT, UPDATE, DELETE ON heartbeats TO countersign_worker;
-- New weights embed the references again; their pictures and digests stay as they were enrolled.
GRANT UPDATE (embedding, encoder, strokes, llr, damage) ON "references" TO countersign_worker;
GRANT USAGE ON SEQUENCE chunks_id_seq, pages_id_seq, regions_id_seq, verdicts_id_seq, suggestions_id_seq,
    versions_id_seq, events_id_seq, scopes_id_seq, duplicates_id_seq, reference_copies_id_seq,
    answers_id_seq, answered_claims_id_seq, answered_marks_id_seq, heartbeats_id_seq TO countersign_worker;

GRANT SELECT ON documents, claims, chunks, pages, verdicts, suggestions, signers, versions, events, erasures,
    duplicates, reference_copies, answers, answered_claims, answered_marks, changes, changes_head, signer_events,
    heartbeats
    TO countersign_reader, countersign_web;
-- What people said of verdicts stands in the feed and in histories, once nobody is asked about them any more.
GRANT SELECT ON decisions TO countersign_reader;
GRANT SELECT (id, document_id, region_id, signer, closed) ON reviews TO countersign_reader;
-- One row a claim, a mark and a document, with what their newest answers say: see guards/views.py.
GRANT SELECT ON claim_answers, signatures, documents_current TO countersign_reader, countersign_web;
GRANT SELECT (id, page_id, index, label, score, x, y, width, height, crop_key, clean_key, quality,
        reason, detail, signs, role_probability)
    ON regions TO countersign_reader, countersign_web;
GRANT SELECT (id, signer_id, sha256, image_key, quality, encoder, enrolled_at, llr, damage)
    ON "references" TO countersign_reader, countersign_web;

-- Who gives a document up gives it an answer.
GRANT INSERT ON documents, claims, events, answers, answered_claims TO countersign_web;
-- A document that is read once more loses its chunks, and with them its pages.
-- What names a document and what was learned of its bytes stays.
GRANT UPDATE (status, stage, reason, detail, signed, pages_total, original_id, result_key, versions_id, finished_at,
        answer, cause, asked_by, fence, lease_until, due_at, deliveries)
    ON documents TO countersign_web;
GRANT DELETE ON chunks TO countersign_web;
GRANT SELECT ON api_keys TO countersign_web;
GRANT UPDATE (last_used_at) ON api_keys TO countersign_web;
GRANT SELECT, INSERT, DELETE ON web_sessions TO countersign_web;
GRANT SELECT, INSERT, UPDATE, DELETE ON submissions TO countersign_web;
-- A question that is asked anew for another reason takes the place of the old one; what was said of it stays.
GRANT SELECT, INSERT, UPDATE, DELETE ON reviews TO countersign_web;
-- Up to where answers were looked through for it, and everybody's own keys.
GRANT SELECT, INSERT, UPDATE ON review_scan, key_maps TO countersign_web;
-- What somebody has said is never changed.
GRANT SELECT, INSERT ON decisions TO countersign_web;
GRANT USAGE ON SEQUENCE documents_id_seq, claims_id_seq, events_id_seq, web_sessions_id_seq, submissions_id_seq,
    reviews_id_seq, decisions_id_seq, key_maps_id_seq, answers_id_seq, answered_claims_id_seq TO countersign_web;

-- Addresses may carry what opens them, so the reader has none. Secrets are written by the web and read by the
-- deliverer alone.
GRANT SELECT, INSERT, DELETE, UPDATE (place, stopped_at, stopped_why) ON webhooks TO countersign_web;
GRANT INSERT, SELECT (id, webhook_id, made_at, ends_at), UPDATE (ends_at) ON webhook_secrets TO countersign_web;
-- What a document was when it was submitted with a callback is told at once.
GRANT SELECT, INSERT, UPDATE (tries, fence, due_at, ended_at, delivered_at) ON deliveries TO countersign_web;
GRANT SELECT ON delivery_attempts TO countersign_web;
GRANT USAGE ON SEQUENCE webhooks_id_seq, webhook_secrets_id_seq, deliveries_id_seq TO countersign_web;
-- The search by signature reads embeddings through these functions, which nobody else may call.
GRANT EXECUTE ON FUNCTION search_region_codes(bigint[], integer), search_reference_codes(text, integer),
    search_region_embeddings(bigint[]), search_reference_embeddings(bigint[]) TO countersign_web;

GRANT SELECT ON changes, changes_head, webhooks, webhook_secrets, delivery_attempts TO countersign_deliverer;
GRANT SELECT (document_id, number, status) ON answers TO countersign_deliverer;
GRANT SELECT (id, document_id, holder, callback), UPDATE (callback) ON submissions TO countersign_deliverer;
GRANT UPDATE (place, stopped_at, stopped_why) ON webhooks TO countersign_deliverer;
GRANT SELECT, INSERT, UPDATE, DELETE ON deliveries TO countersign_deliverer;
GRANT INSERT ON delivery_attempts TO countersign_deliverer;
GRANT USAGE ON SEQUENCE deliveries_id_seq, delivery_attempts_id_seq TO countersign_deliverer;
-- Traces say when which step was at work, and nothing of what documents are called or hold.
GRANT SELECT (id, registered_at) ON documents TO countersign_deliverer;
GRANT SELECT (at) ON answers TO countersign_deliverer;
GRANT SELECT (id, document_id, at, stage, event, chunk, attempt, worker, task, seconds) ON events
    TO countersign_deliverer;
GRANT SELECT, INSERT, UPDATE ON trace_scan TO countersign_deliverer;
