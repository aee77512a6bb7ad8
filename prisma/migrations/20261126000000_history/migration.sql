-- Tells one history of the store from another: after a restore, a revision that a gateway knows may never have been.

-- The key by which gateways sign, seal and hash; it says nothing of the key itself.
ALTER TABLE "AccessState" ADD COLUMN "masterKeyId" TEXT;

-- Every revision of access that this history has had, for a day after the next one.
CREATE TABLE "AccessHistory" (
  "revision" BIGINT NOT NULL,
  "at" TIMESTAMPTZ(3) NOT NULL DEFAULT now(),
  CONSTRAINT "AccessHistory_pkey" PRIMARY KEY ("revision")
);

-- A revision counts up in its upper half and is random in its lower half: two histories that part never have the same
-- one again. Whoever raises it, in whichever way, gets the next.
CREATE FUNCTION next_revision() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
  NEW."revision" := (((OLD."revision" >> 32) + 1) << 32) | floor(random() * 4294967296)::bigint;
  INSERT INTO "AccessHistory" ("revision") VALUES (NEW."revision");
  RETURN NEW;
END $$;
CREATE TRIGGER "AccessState_next_revision" BEFORE UPDATE ON "AccessState"
  FOR EACH ROW WHEN (NEW."revision" <> OLD."revision") EXECUTE FUNCTION next_revision();

UPDATE "AccessState" SET "revision" = "revision" + 1;
