import { z } from 'zod';
import { builder } from '../../../graphql/builder.ts';
import { changed, mutation } from '../../../graphql/mutation/define.ts';
import { takeAlone, whenUnknown } from '../../../graphql/mutation/item-input.ts';
import { atInstance, byId } from '../../../graphql/mutation/target.ts';
import { globalId } from '../../../graphql/node.ts';
import { boundedJson } from '../../rules.ts';
import { workerGroupKey } from '../worker-group/service.ts';
import { ServiceStateEnum, ServiceTypeEnum, WorkerRef } from './schema.ts';
import { deleteWorker, heartbeat, registerService } from './service.ts';

const serviceId = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._:-]{0,199}(?![\s\S])/, {
  error: 'A service id has at most 200 of A-Z, a-z, 0-9, dots, _, : and -, beginning with a letter or digit.',
});
const line = (length: number) =>
  z
    .string()
    .max(length, `At most ${length} characters.`)
    .regex(/^[^\p{Cc}]*$/u, 'No control characters.')
    .nullish();
const hour = 3_600_000;
const milliseconds = (least: number, most: number) =>
  z.int().min(least, `At least ${least} ms.`).max(most, `At most ${most} ms.`).nullish();

// Of an engine that is newer than this gateway.
whenUnknown('RegisterServiceInput', 'type', 'INVALID');
takeAlone('HeartbeatInput');

const TimingsInput = builder.inputType('ServiceTimingsInput', {
  description: "A service's own timings. Left out: those of the gateway's settings.",
  fields: (t) => ({
    heartbeatTimeoutMs: t.int({ description: 'Silent for longer, it is evicted: 1,000 ms to an hour.' }),
    initialDelayMs: t.int({ description: 'Not judged before it has been registered for so long: at most an hour.' }),
    terminationGraceMs: t.int({ description: 'How long its end may take: at most a day.' }),
  }),
});

mutation('registerService', {
  description:
    'Registers a worker or another service that has started. Only who registers it may report for it. One that starts again registers anew.',
  permission: 'WORKER:CREATE',
  input: (t) => ({
    serviceId: t.string({ required: true, description: 'What it calls itself: new at each start.' }),
    type: t.field({
      type: ServiceTypeEnum,
      required: true,
      description: 'What it is. In a variable, a type that is not known is taken as INVALID.',
    }),
    group: t.string({ description: 'Key of the worker group whose work it takes. Left out: what names no group.' }),
    hostname: t.string({ description: 'Where it runs.' }),
    version: t.string({ description: 'Its version.' }),
    startedAt: t.field({ type: 'DateTime', description: 'When it started. Default: now.' }),
    timings: t.field({ type: TimingsInput, description: 'Its own timings.' }),
  }),
  rules: z.looseObject({
    serviceId,
    group: workerGroupKey.nullish(),
    hostname: line(255),
    version: line(100),
    timings: z
      .looseObject({
        heartbeatTimeoutMs: milliseconds(1_000, hour),
        initialDelayMs: milliseconds(0, hour),
        terminationGraceMs: milliseconds(0, 24 * hour),
      })
      .nullish(),
  }),
  target: atInstance,
  run: (tx, grant, input, _target, { liveness }) => registerService(tx, grant, liveness, input),
  payload: (t) => ({
    worker: changed(t, WorkerRef, 'The registered service.'),
    heartbeatMs: t.int({
      description: 'How often it should report, in milliseconds.',
      resolve: (_outcome, _args, { liveness }) => liveness.heartbeatMs,
    }),
  }),
});

mutation('heartbeat', {
  description:
    'Says that a service lives, and in which state. Answers the state that the gateway holds: one that was evicted learns of it, and ends. Not audited.',
  permission: 'WORKER:UPDATE',
  telemetry: true,
  input: (t) => ({
    service: t.string({ required: true, description: 'Its service id.' }),
    state: t.field({ type: ServiceStateEnum, description: 'Its state. Left out: as it is.' }),
    sequence: t.field({
      type: 'BigInt',
      required: true,
      description: 'Never goes back: what comes with a lesser one than before is ignored.',
    }),
    metrics: t.field({ type: 'JSON', description: 'What it says of itself. Left out: as before.' }),
    at: t.field({ type: 'DateTime', description: 'When it was sent, by its own clock.' }),
  }),
  rules: z.looseObject({
    service: serviceId,
    sequence: z.bigint().max(9_223_372_036_854_775_807n, 'A sequence is a whole number below 2^63.'),
    metrics: boundedJson(z.record(z.string(), z.json(), 'Metrics are an object by name.'), 'Metrics', 64).nullish(),
  }),
  target: atInstance,
  run: (tx, grant, input, _target, { liveness }) => heartbeat(tx, grant, liveness, input),
  payload: (t) => ({
    worker: changed(t, WorkerRef, 'The service as the gateway holds it.'),
    evicted: t.boolean({
      description: 'Was it evicted? Then it may not come back, and has to end.',
      resolve: ({ result }) => result.evictedAt !== null,
    }),
  }),
});

mutation('deleteWorker', {
  description: 'Removes the row of a service that has ended. After some days they are removed by themselves.',
  permission: 'WORKER:DELETE',
  input: (t) => ({ id: t.id({ required: true, description: 'Which service.' }) }),
  target: ({ id }, context) => byId('WORKER', 'Worker', id, context),
  run: (tx, grant, _input, { id }) => deleteWorker(tx, grant, id),
  payload: (t) => ({
    deletedId: t.id({ description: 'The id that is gone.', resolve: ({ result }) => globalId('Worker', result.id) }),
  }),
});
