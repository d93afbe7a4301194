export { type BillingService, createBillingService } from './billing.service.ts';
