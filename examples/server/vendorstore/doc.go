// Package vendorstore shows how a product that has its devices and commands in PostgreSQL gives them to the engine: a
// session.Store with all optional interfaces, in 300 lines of Go, over tables that were there before (schema.sql) and
// what has to be added to them (migration.sql). README.md follows it promise by promise. Copy it and change it.
//
// A device of the engine is a row of devices that has one in dm_devices too; its DeviceID is the udid. A request is a row
// of commands. Results, outcomes and events are rows of command_results. Enqueue takes part in a transaction of the
// product, so that a command is there if and only if what it belongs to is.
//
// The driver is pgx itself, not database/sql, because its batches send many statements in one round trip.
package vendorstore
