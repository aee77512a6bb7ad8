import { z } from 'zod';
import { filterName } from './audit-filters.ts';

const value = z.string().max(2_000, 'At most 2,000 characters.');

/** Views of a frontend, by name: a path, and the parameters of its address. Null deletes a view. */
export const savedViews = z.record(
  filterName,
  z
    .strictObject({
      path: z
        .string()
        .max(500, 'At most 500 characters.')
        .regex(/^\/(?!\/)[^\p{Cc}]*$/u, 'A path of the frontend starts with one slash.'),
      search: z.record(z.string().max(100, 'At most 100 characters.'), value).optional(),
    })
    .nullable(),
);
