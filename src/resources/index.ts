// Every resource, in the order of the catalogue. A new one is one line here.
import './tenant/index.ts';
import './user/index.ts';
import './tenant-access/index.ts';
import './service-account/index.ts';
import './api-token/index.ts';
import './group/index.ts';
import './role/index.ts';
import './binding/index.ts';
import './namespace/index.ts';
import './secret/index.ts';
import './execution/index.ts';
import './description/index.ts';
import './access/index.ts';
import './audit-log/index.ts';
import './policy/index.ts';
import './viewer/index.ts';
import './instance/index.ts';
