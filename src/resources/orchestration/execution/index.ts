import './schema.ts';
import './subscription.ts';
import './log-subscription.ts';
import './report-schema.ts';
import './command-schema.ts';
import './claim-schema.ts';
import './links.ts';
import './flow-that-ran.ts';
