-- What the database itself holds answers and the feed to, whoever writes. Run after the migrations; may run again.
-- Each function looks for its tables in public first, never among temporary ones, which any login may make. Triggers
-- run them; nobody but the owner may put them on tables of their own.

-- Answers of a document are numbered from 1 without gaps.
CREATE OR REPLACE FUNCTION guard_answer_follows() RETURNS trigger LANGUAGE plpgsql
    SET search_path = public, pg_temp AS $$
BEGIN
    IF NEW.number <> 1 + (SELECT count(*) FROM answers WHERE document_id = NEW.document_id) THEN
        RAISE check_violation USING MESSAGE = 'an answer must have the number that follows the newest';
    END IF;
    RETURN NEW;
END $$;
REVOKE ALL ON FUNCTION guard_answer_follows() FROM PUBLIC;
CREATE OR REPLACE TRIGGER guard_answer_follows BEFORE INSERT ON answers
    FOR EACH ROW EXECUTE FUNCTION guard_answer_follows();

-- An answer is committed with the document that names it: one that no document names would be in the way of the next.
CREATE OR REPLACE FUNCTION guard_answer_named() RETURNS trigger LANGUAGE plpgsql
    SET search_path = public, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM documents WHERE id = NEW.document_id AND COALESCE(answer, 0) < NEW.number) THEN
        RAISE check_violation USING MESSAGE = 'an answer must be named by its document';
    END IF;
    RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION guard_answer_named() FROM PUBLIC;
DROP TRIGGER IF EXISTS guard_answer_named ON answers;
CREATE CONSTRAINT TRIGGER guard_answer_named AFTER INSERT ON answers DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION guard_answer_named();

-- What an answer says is never changed. An erasure moves its object, and takes names out of its sentence.
CREATE OR REPLACE FUNCTION guard_answer_stays() RETURNS trigger LANGUAGE plpgsql
    SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'UPDATE' OR EXISTS (SELECT FROM documents WHERE id = OLD.document_id) THEN
        RAISE check_violation USING MESSAGE = 'an answer stays as it was given';
    END IF;
    RETURN OLD;
END $$;
REVOKE ALL ON FUNCTION guard_answer_stays() FROM PUBLIC;
CREATE OR REPLACE TRIGGER guard_answer_stays
    BEFORE UPDATE OF id, document_id, number, at, cause, asked_by, status, signed, reason, versions_id ON answers
    FOR EACH ROW EXECUTE FUNCTION guard_answer_stays();
CREATE OR REPLACE TRIGGER guard_answer_kept BEFORE DELETE ON answers
    FOR EACH ROW EXECUTE FUNCTION guard_answer_stays();

-- What an answer says of claims and marks is written while it is given: before its document names it. Whoever owns
-- the table may add what an older release has not written.
CREATE OR REPLACE FUNCTION guard_details_with_answer() RETURNS trigger LANGUAGE plpgsql
    SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM answers JOIN documents ON documents.id = answers.document_id
        WHERE answers.id = NEW.answer_id AND answers.number > COALESCE(documents.answer, 0)
    ) AND NOT pg_has_role((SELECT relowner FROM pg_class WHERE oid = TG_RELID), 'USAGE') THEN
        RAISE check_violation USING MESSAGE = 'an answer that is given says no more than it said';
    END IF;
    RETURN NEW;
END $$;
REVOKE ALL ON FUNCTION guard_details_with_answer() FROM PUBLIC;
CREATE OR REPLACE TRIGGER guard_claims_with_answer BEFORE INSERT ON answered_claims
    FOR EACH ROW EXECUTE FUNCTION guard_details_with_answer();
CREATE OR REPLACE TRIGGER guard_marks_with_answer BEFORE INSERT ON answered_marks
    FOR EACH ROW EXECUTE FUNCTION guard_details_with_answer();

-- A document closes with a new answer, says what the newest answer says, names one that it has, and goes back to none.
CREATE OR REPLACE FUNCTION guard_document_answered() RETURNS trigger LANGUAGE plpgsql
    SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.stage <> 'closed' AND NEW.stage = 'closed'
        AND NEW.answer IS DISTINCT FROM COALESCE(OLD.answer, 0) + 1 THEN
        RAISE check_violation USING MESSAGE = 'a document closes with a new answer';
    END IF;
    IF TG_OP = 'UPDATE' AND COALESCE(NEW.answer, 0) < COALESCE(OLD.answer, 0) THEN
        RAISE check_violation USING MESSAGE = 'a document goes back to no earlier answer';
    END IF;
    IF NEW.stage = 'closed' THEN -- on its own: the intake, which may read no answers, comes here too
        IF NOT EXISTS (
            SELECT FROM answers
            WHERE document_id = NEW.id AND number = NEW.answer AND status = NEW.status
                AND signed IS NOT DISTINCT FROM NEW.signed AND reason IS NOT DISTINCT FROM NEW.reason
                AND number = (SELECT max(number) FROM answers WHERE document_id = NEW.id)
        ) THEN
            RAISE check_violation USING MESSAGE = 'a closed document says what its newest answer says';
        END IF;
    ELSIF NEW.answer IS NOT NULL AND (TG_OP = 'INSERT' OR NEW.answer IS DISTINCT FROM OLD.answer) THEN
        IF NOT EXISTS (SELECT FROM answers WHERE document_id = NEW.id AND number = NEW.answer) THEN
            RAISE check_violation USING MESSAGE = 'a document names an answer that it has';
        END IF;
    END IF;
    RETURN NEW;
END $$;
REVOKE ALL ON FUNCTION guard_document_answered() FROM PUBLIC;
CREATE OR REPLACE TRIGGER guard_document_answered
    BEFORE INSERT OR UPDATE OF stage, status, signed, reason, answer ON documents
    FOR EACH ROW EXECUTE FUNCTION guard_document_answered();

-- A change takes its place while its transaction commits: the head is locked until the commit is done, so places
-- are in the order of commits, and none is left empty. Its owner's rights are the function's: nobody else may write.
CREATE OR REPLACE FUNCTION guard_take_place() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public, pg_temp AS $$
DECLARE
    taken bigint;
    document bigint;
    number bigint;
BEGIN
    IF TG_TABLE_NAME = 'answers' THEN
        document := NEW.document_id;
        number := NEW.number;
    ELSIF TG_TABLE_NAME = 'decisions' THEN
        document := NEW.document_id;
        number := (SELECT answer FROM documents WHERE id = NEW.document_id);
    ELSE
        document := OLD.id;
        number := OLD.answer;
    END IF;
    UPDATE changes_head SET place = place + 1 RETURNING place INTO taken;
    INSERT INTO changes (id, at, kind, document_id, answer)
        VALUES (taken, clock_timestamp(), TG_ARGV[0], document, number);
    RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION guard_take_place() FROM PUBLIC;
DROP TRIGGER IF EXISTS guard_feed_answered ON answers;
CREATE CONSTRAINT TRIGGER guard_feed_answered AFTER INSERT ON answers DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION guard_take_place('answered');
DROP TRIGGER IF EXISTS guard_feed_reopened ON documents;
CREATE CONSTRAINT TRIGGER guard_feed_reopened AFTER UPDATE OF stage ON documents DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (OLD.stage = 'closed' AND NEW.stage <> 'closed') EXECUTE FUNCTION guard_take_place('reopened');
DROP TRIGGER IF EXISTS guard_feed_erased ON documents;
CREATE CONSTRAINT TRIGGER guard_feed_erased AFTER DELETE ON documents DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION guard_take_place('erased');
DROP TRIGGER IF EXISTS guard_feed_decided ON decisions;
CREATE CONSTRAINT TRIGGER guard_feed_decided AFTER INSERT ON decisions DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (NEW.expected IS NULL) EXECUTE FUNCTION guard_take_place('decided');
