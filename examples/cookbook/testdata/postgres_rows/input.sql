CREATE TABLE users (
  id bigint PRIMARY KEY, email text, plan text, lifetime_value numeric(12, 2), settings jsonb,
  created_at timestamptz NOT NULL, updated_at timestamptz NOT NULL
);
INSERT INTO users VALUES
  (9007199254740993, 'mira@example.com', 'pro', 1999.90, '{"theme": "dark", "seats": 9007199254740993}', '2024-02-29 11:00+01', '2026-03-14 10:12:00.123456+01'),
  (8, 'joe@example.com', NULL, 0, NULL, '2025-01-01 00:00Z', '2026-03-14 09:13Z'),
  (9, 'eve@example.com', 'free', 5, NULL, '2020-01-01 00:00Z', '2020-01-01 00:00Z');
