/** A delivery of ordinary size. */
export const BODY = JSON.stringify({
  type: 'billing.debited',
  timestamp: '2026-11-21T10:00:00.000Z',
  data: {
    workspaceId: '019aa2c4-0000-7000-8000-000000000002',
    aggregate: { type: 'billing_account', id: '019aa2c4-0000-7000-8000-000000000002' },
    ...{ version: 1, sequence: 1042 },
    payload: {
      transactionId: '019aa2c4-7d0e-7cc3-98a5-3f6b8e1d2a40',
      amount: -30,
      balanceAfter: 470,
      referenceId: 'run-2041',
    },
  },
});
