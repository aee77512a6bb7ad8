import { useState } from 'react';

const minuteMs = 60_000;

/** The time at which the page was opened, to the minute: the same view asks the same question. */
export const useOpenedAt = (): number => useState(() => Math.ceil(Date.now() / minuteMs) * minuteMs)[0];
