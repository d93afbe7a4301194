export {
  type CallbackRequest,
  type ChargeOutcome,
  type ChargeRequest,
  DECLINE_REASONS,
  type DeclineReason,
  type PaymentCallback,
  type PaymentGateway,
  type PaymentMethod,
} from './payment.port.ts';
export { createSimulatedGateway, type SimulatedGateway, type SimulatedGatewayOptions } from './simulated-gateway.ts';
export { createStripeGateway, type StripeGatewayOptions } from './stripe-gateway.ts';
