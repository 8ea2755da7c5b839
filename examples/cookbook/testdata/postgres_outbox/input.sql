CREATE TABLE outbox (
  id bigserial PRIMARY KEY, event json NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(), taken_until timestamptz
);
INSERT INTO outbox (event, created_at) VALUES
  ('{"type": "identify", "userId": "cus_7", "traits": {"plan": "pro"}}', '2026-03-14 10:12:00.123456+01'),
  ('{"type": "track", "userId": "cus_7", "event": "Order Completed", "messageId": "ord_1", "timestamp": "2026-03-14T09:12:30Z", "properties": {"revenue": 19.90, "n": 9007199254740993}}', '2026-03-14 09:13Z'),
  ('{"type": "track", "userId": "cus_7"}', '2026-03-14 09:14Z');
