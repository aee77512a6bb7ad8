-- Saved filters of audit events use the names of AuditEventWhere: tenantKey, namespaceName and kind.
UPDATE "UserSettings" SET settings = jsonb_set(settings, '{auditFilters}', (
  SELECT jsonb_object_agg(saved.key,
    (saved.value - 'tenant')
      || jsonb_strip_nulls(jsonb_build_object('tenantKey', saved.value -> 'tenant'))
      || jsonb_build_object('where', (saved.value -> 'where') - 'namespace' - 'type'
        || jsonb_strip_nulls(jsonb_build_object(
          'namespaceName', saved.value -> 'where' -> 'namespace', 'kind', saved.value -> 'where' -> 'type'))))
  FROM jsonb_each(settings -> 'auditFilters') AS saved))
WHERE jsonb_typeof(settings -> 'auditFilters') = 'object' AND settings -> 'auditFilters' <> '{}';
