import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import plugin from '../../plugins/require-reason.ts';
import { accepts, prepared } from '../../src/policy/testing.ts';
import { idOf, World } from '../support/world.ts';

const rules = [{ resource: 'GROUP', actions: ['DELETE'], least: 10 }, { resource: 'ROLE' }];

describe('require-reason', () => {
  it('requires a reason where a rule says so, without counting blanks', async () => {
    const { review, verdict } = await prepared(plugin, { rules });
    const asked = (question: object) => review(question, null, {});
    expect(await asked({ resource: 'GROUP', action: 'DELETE' })).toBe('a reason of at least 10 characters is required');
    expect(await asked({ resource: 'GROUP', action: 'DELETE', reason: '  too short  ' })).toBe(
      'a reason of at least 10 characters is required',
    );
    expect(await asked({ resource: 'GROUP', action: 'DELETE', reason: 'closed in May' })).toBe('abstain');
    expect(await asked({ resource: 'GROUP', action: 'UPDATE' })).toBe('abstain');
    expect(await asked({ resource: 'ROLE', action: 'UPDATE' })).toBe('a reason is required');
    // The viewer's permissions are returned without a reason.
    expect(verdict({ resource: 'ROLE', action: 'UPDATE' })).toEqual({ effect: 'abstain' });
  });

  it('rejects invalid settings', () => {
    for (const bad of [
      { resource: 'GROUP', actions: ['READ'] },
      { resource: 'GROUP', least: 0 },
      { resource: 'POLICY', least: 1_001 },
      { resource: 'AUDITLOG' },
    ])
      expect(accepts(plugin, { rules: [bad] })).toBe(false);
  });

  describe('in a gateway', () => {
    let world: World;
    beforeAll(async () => {
      world = await World.create({
        config: { policies: { 'require-reason': { enabled: true, shadow: false, rules } } },
      });
      await world.tenant('main');
    });
    afterAll(() => world.close());

    it('allows the change with a reason, which the event contains', async () => {
      const create = (reason: string | null) =>
        world
          .root()
          .run<any>(
            'mutation($r: String) { createRole(input: { tenantKey: "main", name: "R", permissions: [], reason: $r }) { role { viewerPermissions } } }',
            { r: reason },
          );
      const { errors } = await create(null);
      expect(errors[0]?.extensions).toMatchObject({ code: 'FORBIDDEN', policy: 'require-reason' });
      const { data } = await create('for the new team');
      expect(data.createRole.role.viewerPermissions).toContain('UPDATE');
      expect(
        await world.db.auditEvent.count({
          where: { action: 'role.create', reason: 'for the new team', outcome: 'SUCCESS' },
        }),
      ).toBe(1);
    });

    it('requires a reason for undoing a change too', async () => {
      const event = await world.db.auditEvent.findFirstOrThrow({
        where: { action: 'role.create', outcome: 'SUCCESS', patchText: { contains: '"R"' } },
      });
      const undo = (reason: string | null) =>
        world
          .root()
          .run<any>('mutation($e: ID!, $r: String) { undoChange(input: { event: $e, reason: $r }) { eventIds } }', {
            e: idOf('AuditEvent', event),
            r: reason,
          });
      const { errors } = await undo(null);
      expect(errors[0]?.extensions).toMatchObject({ code: 'FORBIDDEN', policy: 'require-reason' });
      expect((await undo('made by mistake')).errors).toEqual([]);
      const { reason } = await world.db.auditEvent.findFirstOrThrow({
        where: { action: 'role.delete', outcome: 'SUCCESS' },
      });
      expect(reason).toBe(`made by mistake; undo of event ${event.id}`);
    });
  });
});
