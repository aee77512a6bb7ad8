/** A flow with two tasks and one schedule, `daily`. */
export const flowSource = (
  namespace: string,
  flowId: string,
  disabled = false,
  trigger = 'cron: "0 6 * * *"',
): string => `id: ${flowId}
namespace: ${namespace}
description: Brings the orders of a day in.
labels:
  team: data
tasks:
  - id: fetch
    type: io.example.http.Request
    uri: https://orders.example/today
  - id: report
    type: io.example.log.Log
    message: done
triggers:
  - id: daily
    type: io.example.core.trigger.Schedule
    ${trigger}
    disabled: ${disabled}
`;
