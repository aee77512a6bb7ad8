import type { BuiltInGrant } from './built-in-grant.ts';
import { groupOwner } from './group-owner.ts';
import { homeTenant } from './home-tenant.ts';
import { roles } from './roles.ts';
import { self } from './self.ts';
import { superAdmin } from './super-admin.ts';

export const builtInGrants: readonly BuiltInGrant[] = [groupOwner, homeTenant, roles, self, superAdmin];
