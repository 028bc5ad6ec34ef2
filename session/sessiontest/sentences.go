package sessiontest

// sentences is the contract, in the order of session/store.go.
func sentences() []sentence {
	return []sentence{
		{"methods_are_safe_for_concurrent_use", safe, raceCommits},
		{"commit_and_enqueue_at_once", "Enqueue puts requests into the queue of a device, all or none, and does not move the revision.", enqueueWhileCommitting},
		{"keeps_no_reference_it_is_given", sharing, keepsNoReference},
		{"hands_out_no_reference_it_keeps", sharing, handsOutNoReference},
		{"devices_by_all_octets_of_the_name", octetwise, devicesAlike},
		{"requests_by_all_octets_of_the_name", octetwise, requestsAlike},
		{"sessions_correlators_and_facts_by_all_octets_of_the_name", octetwise, namesAlike},

		{"load_of_unknown_device", "Load returns one consistent view of a device, ErrUnknownDevice if it is not registered.", loadUnknown},
		{"load_is_one_consistent_view", "Load returns one consistent view of a device, ErrUnknownDevice if it is not registered.", consistentView},
		{"load_returns_sessions_committed_and_not_closed", "The record holds all sessions that were committed and not closed", allSessions},
		{"load_returns_leased_requests_beside_the_limits", "every request leased by one of these sessions", leasedBesideLimits},
		{"load_returns_requests_neither_leased_nor_finished", "requests due at q.Now that are neither leased nor finished", neitherLeasedNorFinished},
		{"load_orders_by_priority_and_age", "by priority (higher first) and then age (first enqueued first)", priorityThenAge},
		{"load_limits_requests_per_scope", "at most q.Limit of them per scope", limitPerScope},
		{"load_limits_octets_per_scope", "per scope at most q.Octets of payload, but always one if there is one.", octetsPerScope},
		{"load_returns_one_however_large", "per scope at most q.Octets of payload, but always one if there is one.", alwaysOne},
		{"load_returns_expired_requests", "Expired requests are among them; the engine finishes them.", expiredAmongThem},
		{"load_holds_back_until_not_before", "A request is due when NotBefore is not after q.Now.", notBefore},
		{"reply_only_to_the_digest_of_the_last_body", "Record.Reply is set only if q.Body is the digest of the body that the last message of one of the sessions had", replyOnDigest},
		{"parts_only_if_asked", "Record.Parts only if q.Parts.", partsIfAsked},
		{"parts_follow_the_sessions", "Parts are the parts of all sessions, one session after the other in the order of Sessions; State.Parts says how many belong to each.", partsFollowSessions},
		{"awaited_as_last_committed", "correlators of accepted Execs, with the request of each, as last committed", awaitedAsCommitted},

		{"commit_does_all_of_a_change", "Commit does all of c or nothing", commitAll},
		{"commit_with_another_revision", "ErrConflict if the revision of the device is not c.Revision; a successful Commit moves it.", commitConflict},
		{"commit_that_conflicts_does_nothing", "Commit does all of c or nothing", conflictDoesNothing},
		{"commit_moves_the_revision", "ErrConflict if the revision of the device is not c.Revision; a successful Commit moves it.", commitMoves},
		{"revisions_are_per_device", "of the device, moved by each Commit", revisionPerDevice},
		{"commit_to_unknown_device", "ErrUnknownDevice if the device is not registered.", commitUnknown},
		{"commit_adds_no_request_that_exists", "An *ExistsError if a request of c.Add has an id that is there already, waiting, leased or finished.", addExists},
		{"exists_error_names_all_requests", "ExistsError names the requests that exist already: all of those given, in the order given.", existsAll},
		{"commit_with_a_request_that_exists_does_nothing", "Commit does all of c or nothing", existsDoesNothing},

		{"enqueue_keeps_the_request", "Enqueue puts requests into the queue of a device", enqueueKeeps},
		{"enqueue_does_not_move_the_revision", "Enqueue puts requests into the queue of a device, all or none, and does not move the revision.", enqueueDoesNotMove},
		{"enqueue_to_unknown_device", "ErrUnknownDevice if the device is not registered.", enqueueUnknown},
		{"enqueue_skips_equal_content", "A request whose id is there already, waiting, leased or finished, is skipped when its content is equal", enqueueEqual},
		{"enqueue_refuses_other_content", "else nothing is enqueued and the error is an *ExistsError.", enqueueOther},
		{"enqueue_is_all_or_none", "Enqueue puts requests into the queue of a device, all or none, and does not move the revision.", enqueueAllOrNone},
		{"request_ids_are_per_device", "Enqueue puts requests into the queue of a device", idsPerDevice},

		{"account_as_registered", "Account is what Register was given; a Commit does not change it.", accountAsRegistered},
		{"nonces_are_raw_octets", "Nonces are the nonces exchanged with a device, as raw octets.", noncesRaw},
		{"pending_has_the_counts_of_lease_and_requeue", "Pending is a request that waits or is leased, with the counts of the last Lease or Requeue.", counts},

		{"lists_take_effect_in_order", "a request may be added and leased, requeued and leased, or requeued and finished in one change.", listsInOrder},
		{"session_replaces_the_one_of_its_key", "Session is the state to keep under its Key, replacing an earlier one.", sessionReplaced},
		{"reply_replaces_the_one_before", "Reply is the answer to be kept with it, together with Session.Body, replacing the one of the message before.", replyReplaced},
		{"change_without_session", "A Change whose Session.ID is empty keeps no session, and neither Reply nor Part; all else is done.", changeWithoutSession},
		{"part_becomes_the_last", parts, partsAppended},
		{"parts_behind_are_dropped", parts, partsBehind},
		{"parts_0_drops_all", noPart, partsDropped},
		{"parts_says_how_many_stay", noPart, partsStay},
		{"add_is_as_enqueue", "new requests of the Director, as Enqueue would add them", addAsEnqueue},
		{"lease_takes_from_the_queue", "waiting requests that go out with this message", leaseTakes},
		{"requeue_at_the_place_of_its_age", "leased requests that wait again, at the place their age gives them", requeueAtAge},
		{"finish_removes", "requests that are no longer waiting or leased", finishRemoves},
		{"facts_that_changed", "facts that changed; an empty value removes the fact", factsChanged},
		{"awaited_that_changed", "correlators that changed; an empty request removes the correlator", awaitedChanged},
		{"nonces_change_only_when_given", "new nonces of the device", noncesChange},
		{"close_drops_sessions_with_replies_and_parts", "sessions to be dropped with their replies and parts", closeDrops},

		{"register_makes_known", "Register makes a device known.", registerMakesKnown},
		{"register_again_keeps_all_but_facts_nonces_and_account", "A device that is registered already keeps its queue, sessions, results and awaited correlators, and gets the facts, the nonces and the account of d.", registerAgain},
		{"register_does_not_look_at_awaited", "Register does not look at d.Awaited.", registerAwaited},
		{"register_again_moves_the_revision", anew, registerMoves},
		{"register_after_unregister_repeats_no_revision", anew, registerAnew},
		{"unregister_forgets_everything", "Unregister forgets a device and everything kept for it.", unregisterForgets},
		{"unregister_of_unknown_device", "An unknown device is no error.", unregisterUnknown},

		{"results_after_the_cursor_oldest_first", results, resultsInOrder},
		{"results_up_to_the_limit", results, resultsLimit},
		{"results_of_all_devices_under_one_cursor", results, resultsOfDevices},
		{"results_leave_nothing_out", "An entry is never left out: one that becomes visible later has a later cursor.", resultsComplete},
		{"results_leave_nothing_out_after_unregister", "An entry is never left out: one that becomes visible later has a later cursor.", resultsUnregister},
		{"results_after_a_cursor_of_no_entry", "ErrCursor if the store cannot have given the cursor.", resultsForeign},
		{"entry_is_one_of_three", "Entry is a result, an outcome or an event of a device: exactly one of the three is set.", entryOneOfThree},

		{"cancel_finishes_what_waits", cancel, cancelFinishes},
		{"cancel_returns_what_it_finished", "It returns their ids, each once and in the order given.", cancelReturns},
		{"cancel_leaves_the_others_alone", "A request that is leased or finished, or that is not there, is left alone.", cancelLeaves},
		{"cancel_moves_the_revision", revised, cancelMoves},
		{"cancel_of_nothing_changes_nothing", revised, cancelNothing},
		{"cancel_and_commit_at_once", revised, cancelWhileCommitting},
		{"cancel_keeps_the_id", "A request whose id is there already, waiting, leased or finished, is skipped when its content is equal", cancelKeepsID},
		{"cancel_to_unknown_device", "ErrUnknownDevice if the device is not registered.", cancelUnknown},

		{"idle_devices_seen_before", idle, idleSeenBefore},
		{"idle_devices_once_and_up_to_the_limit", idle, idleOnce},
		{"idle_devices_longest_ago_first", idle, idleOrder},

		{"list_devices_in_order", "Devices returns up to limit ids of registered devices, in the order of their octets, of those behind a given one, which need not be registered; the empty id is before the first.", listDevices},
		{"list_requests_not_finished_by_age", "Requests returns up to limit requests of a device that wait, due or not, or are leased, first enqueued first, of those behind the one with the cursor, which may be finished; the empty cursor is before the first.", listRequests},
		{"list_requests_while_the_queue_changes", "A request that is there while all pages are read is on one of them, and no request is on two; one that is enqueued meanwhile may be on none.", listRequestsMeanwhile},
		{"list_requests_after_a_cursor_of_no_request", "ErrCursor if the store cannot have given the cursor for a request.", listRequestsForeign},
		{"list_of_unknown_device", "ErrUnknownDevice if the device is not registered", listUnknown},
		{"list_history_of_one_device_oldest_first", "History returns up to limit entries of one device that were committed after the one with the cursor, oldest first.", historyInOrder},
		{"list_history_leaves_nothing_out", "Entries and cursors are those of Results, and none is left out.", historyComplete},
		{"list_history_after_a_cursor_of_no_entry", "ErrCursor if the store cannot have given the cursor.", historyForeign},

		{"prune_oldest_up_to_the_limit", prune, pruneOldest},
		{"prune_none_behind_the_cursor", prune, pruneThrough},
		{"prune_counts_each_entry_once", "It returns how many, which may be fewer than there are; 0 says that none is left.", pruneAtOnce},
		{"prune_through_the_empty_cursor", prune, pruneNothing},
		{"prune_forgets_the_id_with_the_outcome", "With an outcome the id of its request is forgotten, so that a request with that id can be enqueued anew.", pruneIDs},
		{"prune_keeps_ids_of_a_device_registered_anew", "With an outcome the id of its request is forgotten, so that a request with that id can be enqueued anew.", pruneLater},
		{"prune_changes_nothing_else", "All else stays as it is, revisions included.", pruneChangesNothingElse},
		{"prune_keeps_cursors_good", "Cursors stay good, also those of entries that are forgotten.", pruneCursors},
		{"prune_nothing_before_it_could_be_read", "An entry that becomes visible later is behind each cursor that Results has given, and so it is not forgotten before it could be read.", pruneReadAlong},
		{"prune_through_a_cursor_of_no_entry", "ErrCursor if the store cannot have given the cursor.", pruneForeign},

		{"push_channel_as_set", "SetChannel replaces the push channel of a device; one without a URI removes it.", channelAsSet},
		{"push_of_unknown_device", "ErrUnknownDevice if the device is not registered.", pushUnknown},
		{"push_forgotten_by_register", enrolled, pushRegister},
		{"push_forgotten_by_unregister", enrolled, pushUnregister},
		{"push_does_not_move_the_revision", "No method moves the revision.", pushRevision},
		{"push_woken_once_in_a_window", "If the two are less than the window apart it notes nothing and reports false", wokenWindow},
		{"push_woken_by_one_of_many", "of many that would wake a device at once, in whatever process, one does.", wokenOnce},
		{"push_not_woken_after_all", "NotWoken takes back that a device was woken at a time, so that it may be woken at once.", notWoken},
		{"push_not_woken_of_unknown_device", "A device that is not registered is no error.", notWokenUnknown},
	}
}

// Sentences that several trials share.
const (
	safe      = "All methods are safe for concurrent use, by goroutines and by processes."
	sharing   = "A store keeps no reference to slices, maps and pointers it is given and hands out none that it keeps"
	parts     = "Part becomes the last of the Session.Parts parts that are valid, and those behind are dropped."
	noPart    = "An empty Part is none: of the parts there are, the first Session.Parts stay."
	octetwise = "Names of devices, requests, sessions, correlators and facts are the same only if all their octets are: case counts, and a blank at the end does."
	anew      = "Either way the device has a revision then that it never had, not even before it was unregistered, so that no Commit that was prepared before brings back what was."
	results   = "Results returns up to limit entries that were committed after the one with the cursor, oldest first; the empty cursor is before the first."
	cancel    = "Cancel finishes those of the requests that wait, due or not, with an Outcome of Kind omadm.Canceled, this time and the Attempts of the request, which is appended to the results."
	revised   = "A Cancel that finishes any moves the revision, so that no Commit that was prepared before sends one of them; any other changes nothing."
	idle      = "Idle returns the devices that have a session, open or ended, whose Seen is before a time: each once, at most limit of them, the one whose session was seen longest ago first."
	prune     = "Prune forgets the oldest entries of the results: up to limit of them, and none behind the one with the cursor."

	enrolled = "Register of a device that is registered already forgets both, as a new enrolment has a new channel, and so does Unregister."
)
