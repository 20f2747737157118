-- A wallet as version 6 of its schema left it: a receipt of five credits, two uses delivered, one never answered.
BEGIN TRANSACTION;
CREATE TABLE approvals (
        id TEXT PRIMARY KEY,
        origin TEXT NOT NULL,
        product TEXT NOT NULL,
        credits INTEGER NOT NULL,
        amount INTEGER NOT NULL CHECK (amount >= 0),
        currency TEXT NOT NULL,
        decimals INTEGER NOT NULL,
        asked_at INTEGER NOT NULL,
        approved_at INTEGER,
        purchase_id TEXT REFERENCES purchases (id),
        CHECK (purchase_id IS NULL OR approved_at IS NOT NULL)
    );
CREATE TABLE jobs (
        id TEXT PRIMARY KEY,
        kind TEXT NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('open', 'done')),
        created_at INTEGER NOT NULL
    );
CREATE TABLE leases (name TEXT PRIMARY KEY, owner TEXT NOT NULL, until INTEGER NOT NULL);
CREATE TABLE purchases (
        id TEXT PRIMARY KEY,
        origin TEXT NOT NULL,
        product TEXT NOT NULL,
        credits INTEGER NOT NULL CHECK (credits > 0),
        state TEXT NOT NULL CHECK (state IN ('wanted', 'requested', 'signed', 'paid', 'abandoned')),
        job_id TEXT REFERENCES jobs (id),
        created_at INTEGER NOT NULL,
        price_amount INTEGER CHECK (price_amount >= 0),
        price_currency TEXT,
        price_decimals INTEGER,
        payment_request_id TEXT,
        payment_request_token TEXT,
        expires_at INTEGER,
        option_id TEXT,
        cost_amount INTEGER CHECK (cost_amount >= 0),
        payer TEXT,
        external_id TEXT,
        draft TEXT,
        evidence TEXT,
        signed_at INTEGER,
        given_back INTEGER NOT NULL DEFAULT 0 CHECK (given_back IN (0, 1)),
        UNIQUE (payer, external_id),
        CHECK (state IN ('wanted', 'abandoned') OR (payment_request_token IS NOT NULL AND price_amount IS NOT NULL)),
        CHECK (
            state NOT IN ('signed', 'paid')
            OR (option_id IS NOT NULL AND cost_amount IS NOT NULL AND payer IS NOT NULL
                AND external_id IS NOT NULL AND draft IS NOT NULL AND evidence IS NOT NULL)
        )
    );
INSERT INTO "purchases" VALUES('cdebfed8-bf4d-4bd6-822c-3e6d162a52e1','http://localhost:8402','image-credit',5,'paid',NULL,1795363248,500,'USD',2,'45ecf4c4-3157-4f7d-957e-8c62ee9a5e2b','eyJhbGciOiJFZERTQSIsInR5cCI6IkpXVCJ9.eyJpYXQiOjE3OTUzNjMyNDgsImV4cCI6MTc5NTM2NDE0OCwiaXNzIjoiZGlkOmtleTp6Nk1ralFQQ2p0OXo5ZmhaOWtxd3RWRWJUZ0wzbTZGeFBGdDNta2pqa1VYaEZiR1giLCJzdWIiOiI0NWVjZjRjNC0zMTU3LTRmN2QtOTU3ZS04YzYyZWU5YTVlMmIiLCJpZCI6IjQ1ZWNmNGM0LTMxNTctNGY3ZC05NTdlLThjNjJlZTlhNWUyYiIsImRlc2NyaXB0aW9uIjoiY3JlZGl0cyIsImV4cGlyZXNBdCI6IjIwMjYtMTEtMjJUMTY6MTU6NDhaIiwicHJpY2UiOnsiYW1vdW50Ijo1MDAsImRlY2ltYWxzIjoyLCJjdXJyZW5jeSI6IlVTRCJ9LCJvcmRlciI6eyJwcm9kdWN0IjoiaW1hZ2UtY3JlZGl0IiwiY3JlZGl0cyI6NSwidG9rZW4iOiIyNGQ1MzlhZGU5NWMxNjBkOTIyM2U3NWUzNTI3ZWFkNmZiODVmNWIyNjMxODEwZmFjN2RkN2YxYS40MzUyNDU0MTU0NDUiLCJob2xkZXIiOiJkaWQ6a2V5Ono2TWtvTXVQRTdCdDQyOHBYRFNDcTRoQzVxTkhwM2dqM0dWZ2hpNFpSbTJKSHgydiJ9LCJwYXltZW50T3B0aW9ucyI6W3siaWQiOiJjYXJkYW5vIiwiYW1vdW50IjoxMDAwMDAwMCwiZGVjaW1hbHMiOjYsImN1cnJlbmN5IjoiQURBIiwicmVjaXBpZW50IjoiYWRkcl90ZXN0MXZ6eTJ1cm5xYXcyNGtkajl0MHJ0cmZha3VzZGp1NDNqcTJ6bTh5eHg4NmtxNTJnOWd2cjZ1IiwibmV0d29yayI6ImNhcmRhbm86ZGV2bmV0In1dfQ.0OtQFUFFSF7zG7MkxCDyulhqPa3oT7PyVV_FQMXw2wLQjL1u-L_MieBrOZtKpJGMEAIYKbgalGnMG5jckJrgAQ',1795364148,'cardano',500,'cardano','dcbdec999848d105d8eecde836d92232da0cbd19e98fbd46e92bafaef4e011e2','{"body": "a60081825820ef16f41acb70a3a153040512ec9172969c5d928a6c8b16e3529a6061d5bb987100018282581d6088ae0e60eb955b36455bc6b1a7b6e41b2e56320285b390c63eac0a291a0098968082581d6008493538819354a511909716f44a6e630614a8701cee0f5622957e8f1a055ab643021a0002943d031902a4075820a77554d766e228c034dd52225c5e0adffad1915ced8cebb161fc2bcc64ff9f250f00", "auxiliary": "a11920d2a1637072745820eabdb4aa266031656f426ec4ae682d09a7a59e02cae75c11a97e5ec2592956a7", "fee": 169021, "expiry_slot": 676}','{"payer": "did:key:z6MkoMuPE7Bt428pXDSCq4hC5qNHp3gj3GVghi4ZRm2JHx2v", "network": "cardano:devnet", "payload": {"transaction": {"hex": "84a60081825820ef16f41acb70a3a153040512ec9172969c5d928a6c8b16e3529a6061d5bb987100018282581d6088ae0e60eb955b36455bc6b1a7b6e41b2e56320285b390c63eac0a291a0098968082581d6008493538819354a511909716f44a6e630614a8701cee0f5622957e8f1a055ab643021a0002943d031902a4075820a77554d766e228c034dd52225c5e0adffad1915ced8cebb161fc2bcc64ff9f250f00a100818258208459ea9334a67a85a30711ea78ac9023bbefb35a3b6f993b5703fcd82a047a5b5840edb60e8232daa408c2550a5eb7f2e88ac849bea6cc19c13992ee9c6470958d50df5a9d7d5cfe420ff9b87215603d4adfbb3e47ab80d802fd9ec2663dedf74103f5a11920d2a1637072745820eabdb4aa266031656f426ec4ae682d09a7a59e02cae75c11a97e5ec2592956a7"}}}',1795363248,0);
CREATE TABLE receipts (
        id TEXT PRIMARY KEY,
        purchase_id TEXT NOT NULL UNIQUE REFERENCES purchases (id),
        token TEXT NOT NULL,
        issued_at INTEGER NOT NULL,
        expires_at INTEGER NOT NULL
    );
INSERT INTO "receipts" VALUES('urn:uuid:45f0b372-da9e-4bac-9e5d-c2ed9065e4d5','cdebfed8-bf4d-4bd6-822c-3e6d162a52e1','eyJhbGciOiJFZERTQSIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJkaWQ6a2V5Ono2TWtqUVBDanQ5ejlmaFo5a3F3dFZFYlRnTDNtNkZ4UEZ0M21ramprVVhoRmJHWCIsInN1YiI6ImRpZDprZXk6ejZNa29NdVBFN0J0NDI4cFhEU0NxNGhDNXFOSHAzZ2ozR1ZnaGk0WlJtMkpIeDJ2IiwibmJmIjoxNzk1MzYzMjQ4LCJleHAiOjE4MjY4OTkyNDgsImp0aSI6InVybjp1dWlkOjQ1ZjBiMzcyLWRhOWUtNGJhYy05ZTVkLWMyZWQ5MDY1ZTRkNSIsImNuZiI6eyJqa3QiOiJKRXNKR1cxTWgyMVcybjBZX2pKSVhGUlFkb21raXNncHBFTzIxd3JVWDB3In0sInZjIjp7IkBjb250ZXh0IjpbImh0dHBzOi8vd3d3LnczLm9yZy8yMDE4L2NyZWRlbnRpYWxzL3YxIl0sInR5cGUiOlsiVmVyaWZpYWJsZUNyZWRlbnRpYWwiLCJQYXltZW50UmVjZWlwdENyZWRlbnRpYWwiXSwiY3JlZGVudGlhbFN1YmplY3QiOnsicGF5bWVudFJlcXVlc3RUb2tlbiI6ImV5SmhiR2NpT2lKRlpFUlRRU0lzSW5SNWNDSTZJa3BYVkNKOS5leUpwWVhRaU9qRTNPVFV6TmpNeU5EZ3NJbVY0Y0NJNk1UYzVOVE0yTkRFME9Dd2lhWE56SWpvaVpHbGtPbXRsZVRwNk5rMXJhbEZRUTJwME9YbzVabWhhT1d0eGQzUldSV0pVWjB3emJUWkdlRkJHZEROdGEycHFhMVZZYUVaaVIxZ2lMQ0p6ZFdJaU9pSTBOV1ZqWmpSak5DMHpNVFUzTFRSbU4yUXRPVFUzWlMwNFl6WXlaV1U1WVRWbE1tSWlMQ0pwWkNJNklqUTFaV05tTkdNMExUTXhOVGN0TkdZM1pDMDVOVGRsTFRoak5qSmxaVGxoTldVeVlpSXNJbVJsYzJOeWFYQjBhVzl1SWpvaVkzSmxaR2wwY3lJc0ltVjRjR2x5WlhOQmRDSTZJakl3TWpZdE1URXRNakpVTVRZNk1UVTZORGhhSWl3aWNISnBZMlVpT25zaVlXMXZkVzUwSWpvMU1EQXNJbVJsWTJsdFlXeHpJam95TENKamRYSnlaVzVqZVNJNklsVlRSQ0o5TENKdmNtUmxjaUk2ZXlKd2NtOWtkV04wSWpvaWFXMWhaMlV0WTNKbFpHbDBJaXdpWTNKbFpHbDBjeUk2TlN3aWRHOXJaVzRpT2lJeU5HUTFNemxoWkdVNU5XTXhOakJrT1RJeU0yVTNOV1V6TlRJM1pXRmtObVppT0RWbU5XSXlOak14T0RFd1ptRmpOMlJrTjJZeFlTNDBNelV5TkRVME1UVTBORFVpTENKb2IyeGtaWElpT2lKa2FXUTZhMlY1T25vMlRXdHZUWFZRUlRkQ2REUXlPSEJZUkZORGNUUm9RelZ4VGtod00yZHFNMGRXWjJocE5GcFNiVEpLU0hneWRpSjlMQ0p3WVhsdFpXNTBUM0IwYVc5dWN5STZXM3NpYVdRaU9pSmpZWEprWVc1dklpd2lZVzF2ZFc1MElqb3hNREF3TURBd01Dd2laR1ZqYVcxaGJITWlPallzSW1OMWNuSmxibU41SWpvaVFVUkJJaXdpY21WamFYQnBaVzUwSWpvaVlXUmtjbDkwWlhOME1YWjZlVEoxY201eFlYY3lOR3RrYWpsME1ISjBjbVpoYTNWelpHcDFORE5xY1RKNmJUaDVlSGc0Tm10eE5USm5PV2QyY2paMUlpd2libVYwZDI5eWF5STZJbU5oY21SaGJtODZaR1YyYm1WMEluMWRmUS4wT3RRRlVGRlNGN3pHN01reENEeXVsaHFQYTNvVDdQeVZWX0ZRTVh3MndMUWpMMXUtTF9NaWVCck9adEtwSkdNRUFJWUtiZ2FsR25NRzVqY2tKcmdBUSIsInBheW1lbnRPcHRpb25JZCI6ImNhcmRhbm8iLCJtZXRhZGF0YSI6e319fX0.rSJ_grQkw7Z29CurF3VVGN8jr7dOihUDqGK_zE2jXuE4cgGZhAJ64n6q2UJkrcJ1aZaFu2TxD4U_JQTmMhofAg',1795363248,1826899248);
CREATE TABLE sellers (origin TEXT PRIMARY KEY, did TEXT NOT NULL, first_seen INTEGER NOT NULL);
INSERT INTO "sellers" VALUES('http://localhost:8402','did:key:z6MkjQPCjt9z9fhZ9kqwtVEbTgL3m6FxPFt3mkjjkUXhFbGX',1795363248);
CREATE TABLE settings (key TEXT PRIMARY KEY, value BLOB NOT NULL);
INSERT INTO "settings" VALUES('network',X'63617264616E6F3A6465766E6574');
INSERT INTO "settings" VALUES('public',X'8459EA9334A67A85A30711EA78AC9023BBEFB35A3B6F993B5703FCD82A047A5B');
INSERT INTO "settings" VALUES('seed',X'954D4801B9C407D0335630FAA5101F46A6C760428232BAFD2B2B35B74711E778');
INSERT INTO "settings" VALUES('keys of http://localhost:8402',X'5B2278722D496B71586F757A7A366459594E536D2D6A772D63495A6E4C5365734F57455337553767325A334473225D');
CREATE TABLE taken_resources (
        payer TEXT NOT NULL,
        reference TEXT NOT NULL,
        purchase_id TEXT NOT NULL REFERENCES purchases (id),
        PRIMARY KEY (payer, reference)
    );
INSERT INTO "taken_resources" VALUES('cardano','ef16f41acb70a3a153040512ec9172969c5d928a6c8b16e3529a6061d5bb9871#0','cdebfed8-bf4d-4bd6-822c-3e6d162a52e1');
CREATE TABLE uses (
        idempotency_key TEXT PRIMARY KEY,
        receipt_id TEXT NOT NULL REFERENCES receipts (id),
        job_id TEXT REFERENCES jobs (id),
        position INTEGER NOT NULL,
        body TEXT NOT NULL,
        redemption_id TEXT UNIQUE,
        path TEXT,
        state TEXT NOT NULL CHECK (state IN ('wanted', 'delivered', 'done')),
        target TEXT NOT NULL DEFAULT '/api/images/generate',
        credits INTEGER NOT NULL DEFAULT 1 CHECK (credits > 0),
        salt BLOB,
        proof TEXT CHECK (proof IN ('holds', 'partly', 'broken'))
    );
INSERT INTO "uses" VALUES('ec36e3eb-f55f-43d8-b89c-6c0288e76770','urn:uuid:45f0b372-da9e-4bac-9e5d-c2ed9065e4d5',NULL,1,'{"name":"Abraham Lincoln"}','ddac98a5-b036-4947-bc16-4dcae07b1bde',NULL,'delivered','/api/images/generate',1,NULL,NULL);
INSERT INTO "uses" VALUES('e994f390-df4e-4226-a96d-c0f7347ab0b2','urn:uuid:45f0b372-da9e-4bac-9e5d-c2ed9065e4d5',NULL,1,'{"name":"Abraham Lincoln"}','e29db2c4-458f-4843-ac17-1ebdcc2d9db1',NULL,'delivered','/api/images/generate',1,NULL,NULL);
INSERT INTO "uses" VALUES('92a0a177-e39b-422d-883b-66296de8538a','urn:uuid:45f0b372-da9e-4bac-9e5d-c2ed9065e4d5',NULL,1,'{"name":"James Monroe"}',NULL,NULL,'wanted','/api/images/generate',1,NULL,NULL);
CREATE UNIQUE INDEX one_open_job ON jobs (kind) WHERE state = 'open';
CREATE UNIQUE INDEX one_open_purchase ON purchases (origin, product, credits)
    WHERE state IN ('wanted', 'requested', 'signed')
    ;
CREATE UNIQUE INDEX one_payment_a_request ON purchases (origin, payment_request_id);
CREATE UNIQUE INDEX one_use_a_position ON uses (job_id, position) WHERE job_id IS NOT NULL;
CREATE INDEX uses_of_a_receipt ON uses (receipt_id, state, credits);
CREATE UNIQUE INDEX one_open_approval ON approvals (origin, product, credits, amount, currency, decimals)
    WHERE purchase_id IS NULL
    ;
PRAGMA user_version = 6;
PRAGMA application_id = 1651865970;
COMMIT;
