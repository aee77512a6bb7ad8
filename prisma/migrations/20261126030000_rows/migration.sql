-- The names above a name: a.b.c → {a, a.b}. A condition with many subtrees looks them up in a hash of its roots.
CREATE FUNCTION name_ancestors(name text) RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE
  RETURN ARRAY(
    SELECT array_to_string((string_to_array(name, '.'))[1:depth], '.')
    FROM generate_series(1, cardinality(string_to_array(name, '.')) - 1) depth
  );

-- Every column has the name of its field.
ALTER TABLE "ApiToken" RENAME COLUMN "greatestExpiry" TO "maxExpiresAt";
