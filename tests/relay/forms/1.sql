CREATE TABLE meta (
	name VARCHAR NOT NULL,
	value BIGINT NOT NULL,
	PRIMARY KEY (name)
);
CREATE TABLE agencies (
	"key" VARCHAR NOT NULL,
	code VARCHAR NOT NULL,
	name TEXT NOT NULL,
	folded TEXT NOT NULL,
	PRIMARY KEY ("key"),
	UNIQUE (code)
);
CREATE TABLE envelopes (
	sha256 VARCHAR NOT NULL,
	size BIGINT NOT NULL,
	sender VARCHAR NOT NULL,
	document_id TEXT NOT NULL,
	subject TEXT NOT NULL,
	priority INTEGER NOT NULL,
	kind INTEGER NOT NULL,
	accepted_at BIGINT NOT NULL,
	PRIMARY KEY (sha256)
);
CREATE INDEX ix_envelopes_document_id ON envelopes (document_id);
CREATE TABLE bindings (
	sha256 VARCHAR NOT NULL,
	use VARCHAR NOT NULL,
	agency VARCHAR NOT NULL,
	not_before BIGINT NOT NULL,
	not_after BIGINT NOT NULL,
	UNIQUE (sha256, use),
	FOREIGN KEY(agency) REFERENCES agencies ("key")
);
CREATE INDEX ix_bindings_agency ON bindings (agency);
CREATE TABLE deliveries (
	id VARCHAR NOT NULL,
	sha256 VARCHAR NOT NULL,
	position INTEGER NOT NULL,
	sender VARCHAR NOT NULL,
	receiver VARCHAR NOT NULL,
	number BIGINT NOT NULL,
	state VARCHAR NOT NULL,
	reached VARCHAR NOT NULL,
	waiting BOOLEAN NOT NULL,
	unfetched BOOLEAN NOT NULL,
	changed_at BIGINT NOT NULL,
	expires_at BIGINT NOT NULL,
	leased_by VARCHAR NOT NULL,
	leased_until BIGINT,
	PRIMARY KEY (id),
	UNIQUE (sha256, receiver),
	FOREIGN KEY(sha256) REFERENCES envelopes (sha256)
);
CREATE INDEX overdue ON deliveries (expires_at) WHERE unfetched;
CREATE INDEX inbox ON deliveries (receiver, number) WHERE waiting;
CREATE TABLE facts (
	number INTEGER NOT NULL,
	id VARCHAR NOT NULL,
	sha256 VARCHAR NOT NULL,
	delivery VARCHAR NOT NULL,
	cause VARCHAR,
	state VARCHAR NOT NULL,
	record BLOB NOT NULL,
	signature BLOB NOT NULL,
	PRIMARY KEY (number),
	UNIQUE (delivery, cause),
	UNIQUE (id),
	FOREIGN KEY(sha256) REFERENCES envelopes (sha256)
);
CREATE INDEX ix_facts_sha256 ON facts (sha256);
