-- Every column has the name of its field.
ALTER TABLE "ApiToken" RENAME COLUMN "greatestExpiry" TO "maxExpiresAt";
