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
  error:
    'A service ID can have at most 200 characters of A-Z, a-z, 0-9, dots, _, : and -, and must begin with a letter or digit.',
});
const line = (length: number) =>
  z
    .string()
    .max(length, `At most ${length} characters are allowed.`)
    .regex(/^[^\p{Cc}]*$/u, 'Control characters are not allowed.')
    .nullish();
const hour = 3_600_000;
const milliseconds = (least: number, most: number) =>
  z
    .int()
    .min(least, `The value must be at least ${least} ms.`)
    .max(most, `The value must be at most ${most} ms.`)
    .nullish();

// From an engine that is newer than this gateway.
whenUnknown('RegisterServiceInput', 'type', 'INVALID');
takeAlone('HeartbeatInput');

const TimingsInput = builder.inputType('ServiceTimingsInput', {
  description: "Timings of a service. An omitted field defaults to the gateway's setting.",
  fields: (t) => ({
    heartbeatTimeoutMs: t.int({
      description: 'Time without a heartbeat after which the service is evicted: 1,000 ms to an hour.',
    }),
    initialDelayMs: t.int({ description: 'Time after registration before liveness is checked: at most an hour.' }),
    terminationGraceMs: t.int({ description: 'Max time that its termination can take: at most a day.' }),
  }),
});

mutation('registerService', {
  description:
    'Registers a worker or another service that has started. Only the account that registers it can report for it. A service that restarts must register again.',
  permission: 'WORKER:CREATE',
  input: (t) => ({
    serviceId: t.string({ required: true, description: 'ID that the service gives itself, new at each start.' }),
    type: t.field({
      type: ServiceTypeEnum,
      required: true,
      description: 'Type of the service. In a variable, an unknown type is read as INVALID.',
    }),
    workerGroupKey: t.string({
      description: 'Key of the worker group that it serves. Omit to serve work without a group.',
    }),
    hostname: t.string({ description: 'Host name.' }),
    version: t.string({ description: 'Version of the service.' }),
    startedAt: t.field({ type: 'DateTime', description: 'When it started. Defaults to now.' }),
    timings: t.field({ type: TimingsInput, description: 'Timings of the service.' }),
  }),
  rules: z.looseObject({
    serviceId,
    workerGroupKey: workerGroupKey.nullish(),
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
      description: 'Recommended heartbeat interval, in milliseconds.',
      resolve: (_outcome, _args, { liveness }) => liveness.heartbeatMs,
    }),
  }),
});

mutation('heartbeat', {
  description:
    'Reports that a service is alive, and its state. Returns the state that the gateway holds: an evicted service learns of its eviction here and must end. No audit event is recorded.',
  permission: 'WORKER:UPDATE',
  telemetry: true,
  input: (t) => ({
    serviceId: t.string({ required: true, description: 'ID of the service.' }),
    state: t.field({ type: ServiceStateEnum, description: 'State. Omit to keep it.' }),
    sequence: t.field({
      type: 'BigInt',
      required: true,
      description: 'Sequence number. A heartbeat with a lower number than before is ignored.',
    }),
    metrics: t.field({ type: 'JSON', description: 'Metrics of the service. Omit to keep them.' }),
    at: t.field({ type: 'DateTime', description: 'When it was sent, by the clock of the service.' }),
  }),
  rules: z.looseObject({
    serviceId,
    sequence: z.bigint().max(9_223_372_036_854_775_807n, 'A sequence must be a whole number below 2^63.'),
    metrics: boundedJson(
      z.record(z.string(), z.json(), 'Metrics must be an object of values by name.'),
      'Metrics',
      64,
    ).nullish(),
  }),
  target: atInstance,
  run: (tx, grant, input, _target, { liveness }) => heartbeat(tx, grant, liveness, input),
  payload: (t) => ({
    worker: changed(t, WorkerRef, 'The service, as the gateway holds it.'),
    evicted: t.boolean({
      description: 'True if the service was evicted. It cannot return and must end.',
      resolve: ({ result }) => result.evictedAt !== null,
    }),
  }),
});

mutation('deleteWorker', {
  description: 'Deletes a service that has ended. Ended services are deleted automatically after some days.',
  permission: 'WORKER:DELETE',
  input: (t) => ({ id: t.id({ required: true, description: 'ID of the service.' }) }),
  target: ({ id }, context) => byId('WORKER', 'Worker', id, context),
  run: (tx, grant, _input, { id }) => deleteWorker(tx, grant, id),
  payload: (t) => ({
    deletedId: t.id({
      description: 'ID of the deleted object.',
      resolve: ({ result }) => globalId('Worker', result.id),
    }),
  }),
});
