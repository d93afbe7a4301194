-- Drops the oldest day that ended longer than `keep` ago and holds nothing that still waits or is parked; gives its name, null for none.
CREATE FUNCTION "drop_outbox_day"("keep" interval) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  day text;
  waits boolean;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('make_outbox_days', 0));
  FOR day IN
    SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
     WHERE i.inhparent = 'outbox'::regclass AND c.relname ~ '^d[0-9]{8}$'
       AND (to_date(substr(c.relname, 2), 'YYYYMMDD') + 1)::timestamp AT TIME ZONE 'UTC' <= now() - keep
     ORDER BY 1
  LOOP
    EXECUTE format('SELECT EXISTS (SELECT FROM outbox_days.%I WHERE published_at IS NULL)', day) INTO waits;
    IF NOT waits THEN
      EXECUTE format('DROP TABLE outbox_days.%I', day);
      RETURN day;
    END IF;
  END LOOP;
  RETURN NULL;
END
$$;
