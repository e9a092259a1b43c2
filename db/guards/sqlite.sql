-- The same as postgresql.sql. SQLite has one writer at a time: places are in the order of commits by themselves. It
-- looks at nothing when a transaction ends, and knows no roles: an answer that no document names is not refused.

CREATE TRIGGER guard_answer_follows BEFORE INSERT ON answers
WHEN NEW.number <> 1 + (SELECT count(*) FROM answers WHERE document_id = NEW.document_id)
BEGIN SELECT RAISE(ABORT, 'an answer must have the number that follows the newest'); END;

CREATE TRIGGER guard_answer_stays
BEFORE UPDATE OF id, document_id, number, at, cause, asked_by, status, signed, reason, versions_id ON answers
BEGIN SELECT RAISE(ABORT, 'an answer stays as it was given'); END;

CREATE TRIGGER guard_answer_kept BEFORE DELETE ON answers
WHEN EXISTS (SELECT 1 FROM documents WHERE id = OLD.document_id)
BEGIN SELECT RAISE(ABORT, 'an answer stays as it was given'); END;

CREATE TRIGGER guard_claims_with_answer BEFORE INSERT ON answered_claims
WHEN NOT EXISTS (
    SELECT 1 FROM answers JOIN documents ON documents.id = answers.document_id
    WHERE answers.id = NEW.answer_id AND answers.number > COALESCE(documents.answer, 0)
)
BEGIN SELECT RAISE(ABORT, 'an answer that is given says no more than it said'); END;

CREATE TRIGGER guard_marks_with_answer BEFORE INSERT ON answered_marks
WHEN NOT EXISTS (
    SELECT 1 FROM answers JOIN documents ON documents.id = answers.document_id
    WHERE answers.id = NEW.answer_id AND answers.number > COALESCE(documents.answer, 0)
)
BEGIN SELECT RAISE(ABORT, 'an answer that is given says no more than it said'); END;

CREATE TRIGGER guard_document_inserted BEFORE INSERT ON documents WHEN NEW.stage = 'closed' OR NEW.answer IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'a document closes with a new answer'); END;

CREATE TRIGGER guard_document_closes BEFORE UPDATE OF stage, answer ON documents
WHEN OLD.stage <> 'closed' AND NEW.stage = 'closed' AND NEW.answer IS NOT COALESCE(OLD.answer, 0) + 1
BEGIN SELECT RAISE(ABORT, 'a document closes with a new answer'); END;

CREATE TRIGGER guard_document_goes_on BEFORE UPDATE OF answer ON documents
WHEN COALESCE(NEW.answer, 0) < COALESCE(OLD.answer, 0)
BEGIN SELECT RAISE(ABORT, 'a document goes back to no earlier answer'); END;

CREATE TRIGGER guard_document_names BEFORE UPDATE OF answer ON documents
WHEN NEW.stage <> 'closed' AND NEW.answer IS NOT NULL AND NEW.answer IS NOT OLD.answer AND NOT EXISTS (
    SELECT 1 FROM answers WHERE document_id = NEW.id AND number = NEW.answer
)
BEGIN SELECT RAISE(ABORT, 'a document names an answer that it has'); END;

CREATE TRIGGER guard_document_answered BEFORE UPDATE OF stage, status, signed, reason, answer ON documents
WHEN NEW.stage = 'closed' AND NOT EXISTS (
    SELECT 1 FROM answers
    WHERE document_id = NEW.id AND number = NEW.answer AND status = NEW.status
        AND signed IS NEW.signed AND reason IS NEW.reason
        AND number = (SELECT max(number) FROM answers WHERE document_id = NEW.id)
)
BEGIN SELECT RAISE(ABORT, 'a closed document says what its newest answer says'); END;

CREATE TRIGGER guard_feed_answered AFTER INSERT ON answers
BEGIN
    UPDATE changes_head SET place = place + 1;
    INSERT INTO changes (id, at, kind, document_id, answer)
        SELECT place, strftime('%Y-%m-%d %H:%M:%f000', 'now'), 'answered', NEW.document_id, NEW.number FROM changes_head;
END;

CREATE TRIGGER guard_feed_reopened AFTER UPDATE OF stage ON documents
WHEN OLD.stage = 'closed' AND NEW.stage <> 'closed'
BEGIN
    UPDATE changes_head SET place = place + 1;
    INSERT INTO changes (id, at, kind, document_id, answer)
        SELECT place, strftime('%Y-%m-%d %H:%M:%f000', 'now'), 'reopened', OLD.id, OLD.answer FROM changes_head;
END;

CREATE TRIGGER guard_feed_erased AFTER DELETE ON documents
BEGIN
    UPDATE changes_head SET place = place + 1;
    INSERT INTO changes (id, at, kind, document_id, answer)
        SELECT place, strftime('%Y-%m-%d %H:%M:%f000', 'now'), 'erased', OLD.id, OLD.answer FROM changes_head;
END;

CREATE TRIGGER guard_feed_decided AFTER INSERT ON decisions WHEN NEW.expected IS NULL
BEGIN
    UPDATE changes_head SET place = place + 1;
    INSERT INTO changes (id, at, kind, document_id, answer)
        SELECT place, strftime('%Y-%m-%d %H:%M:%f000', 'now'), 'decided', NEW.document_id,
            (SELECT answer FROM documents WHERE id = NEW.document_id)
        FROM changes_head;
END;
