/** io.kestra.plugin.core.log.Log → log.Log */
export const shortType = (type: string): string => type.split('.').slice(-2).join('.');
