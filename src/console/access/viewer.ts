import { createContext, useContext } from 'react';
import { levels, type Permission } from '../generated/access.ts';

export type { Permission } from '../generated/access.ts';
export { needs } from '../generated/access.ts';

export interface Viewer {
  /** ID of the user; undefined for a service account. */
  readonly id: string | undefined;
  readonly name: string;
  readonly superAdmin: boolean;
  readonly settings: Settings;
  /** Held in the tenant of the address, or in a part of it. */
  readonly inTenant: ReadonlySet<string>;
  readonly atInstance: ReadonlySet<string>;
}

/** The settings of the viewer that the console reads. */
export interface Settings {
  readonly theme?: 'light' | 'dark' | 'system';
  readonly timeZone?: string;
  readonly defaultTenant?: string;
  readonly pageSize?: number;
  readonly views?: Readonly<Record<string, SavedView>>;
}

export interface SavedView {
  readonly path: string;
  readonly search?: Readonly<Record<string, string>>;
}

const unknown: Viewer = {
  id: undefined,
  name: '',
  superAdmin: false,
  settings: {},
  inTenant: new Set(),
  atInstance: new Set(),
};
export const ViewerContext = createContext<Viewer>(unknown);
export const useViewer = (): Viewer => useContext(ViewerContext);

/** Where a permission has to be held. */
export type Place = 'tenant' | 'instance';

/** Returns a function that says whether the viewer has a permission. */
export function useRights(): (permission: Permission, place?: Place) => boolean {
  const { inTenant, atInstance } = useViewer();
  return (permission, place = placeOf(permission)) =>
    place === 'instance' ? atInstance.has(permission) : inTenant.has(permission);
}

export const useMay = (permission: Permission, place?: Place): boolean => useRights()(permission, place);

export const placeOf = (permission: Permission): Place => (levels[permission] === 'instance' ? 'instance' : 'tenant');

/** A part of a sentence: where the permission has to be held. */
export const placeInWords = (permission: Permission, place: Place = placeOf(permission)): string =>
  place === 'instance'
    ? 'for the whole instance'
    : levels[permission] === 'namespace'
      ? 'in the tenant, or in a namespace of it'
      : 'in the whole tenant';

/** FLOW, [READ, UPDATE] → FLOW:READ, FLOW:UPDATE */
export const namesOf = (
  permissions: readonly { readonly resource: string; readonly actions: readonly string[] }[],
): ReadonlySet<string> =>
  new Set(permissions.flatMap(({ resource, actions }) => actions.map((action) => `${resource}:${action}`)));
