-- What a token may do at most, whatever its owner comes to hold; null: all that its owner may. And who made it.
ALTER TABLE "ApiToken" ADD COLUMN "ceiling" JSONB, ADD COLUMN "mintedById" TEXT;
