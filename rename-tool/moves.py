"""Where files go: the target tree of house.md, sections 6, 7, 9 and 11."""

FILES: dict[str, str] = {}


def _moves(text: str) -> None:
    for line in text.strip().splitlines():
        line = line.split("#")[0].strip()
        if line:
            old, new = line.split()
            FILES[old] = new


_moves("""
tasks/interaction_files.py clients/tables/interaction_files.py
tasks/plan_shown.py reports/plan_markdown.py
tasks/run_shown.py reports/run_markdown.py
tasks/news.py tasks/notifications.py
tasks/campaigns.py tasks/campaigns/lifecycle.py
tasks/approvals.py tasks/campaigns/approvals.py
tasks/history.py tasks/campaigns/history.py
tasks/uploads.py tasks/campaigns/uploads.py
tasks/look_up_pace.py tasks/conversations/rate_limit.py
tasks/backfill.py tasks/conversations/backfill.py
tasks/roles.py tasks/database/roles.py
tasks/database.py tasks/database/schema.py
tasks/eligibility_report.py tasks/eligibility/report.py
tasks/night.py tasks/eligibility/nightly.py
tasks/segments.py tasks/eligibility/segments.py
tasks/report_files.py tasks/eligibility/files.py
tasks/report_news.py tasks/eligibility/notification.py
tasks/submission.py tasks/ingest/submission.py
tasks/recipients.py tasks/ingest/recipients.py
tasks/staging.py tasks/ingest/staging.py
tasks/suite.py tasks/ingest/suite.py
tasks/judging.py tasks/ingest/classification.py
tasks/intake.py tasks/ingest/pipeline.py
tasks/validation_report.py tasks/ingest/validation_report.py
tasks/workbooks.py tasks/ingest/annotated_workbook.py
tasks/value_rules.py tasks/ingest/template_rules.py
tasks/interaction_checks.py tasks/interactions/checks.py
tasks/interactions.py tasks/interactions/store.py
tasks/mapped_interactions.py tasks/interactions/external_table.py
tasks/messages.py tasks/messages/listing.py
tasks/decisions.py tasks/messages/decisions.py
tasks/retries.py tasks/messages/retries.py
tasks/windows.py tasks/planning/forecast.py
tasks/planning.py tasks/planning/plan.py
tasks/outlook.py tasks/planning/progress.py
tasks/submitted_plan.py tasks/planning/approval_plan.py
tasks/erasure.py tasks/privacy/erasure.py
tasks/erased.py tasks/privacy/tombstones.py
tasks/deletion_requests.py tasks/privacy/deletion_requests.py
tasks/timed_runs.py tasks/runs/scheduled.py
tasks/further_runs.py tasks/runs/parallel.py
tasks/recurring.py tasks/runs/recurring.py
tasks/submit_form.py tasks/runs/submit_form.py
tasks/running.py tasks/sending/campaign_run.py
tasks/runs.py tasks/sending/run_log.py
tasks/sending.py tasks/sending/batch.py
tasks/claiming.py tasks/sending/claims.py
tasks/recording.py tasks/sending/outcomes.py
tasks/restraint.py tasks/sending/backoff.py
tasks/share.py tasks/sending/contracts.py
tasks/slot_clock.py tasks/sending/server_clock.py
tasks/gathering.py tasks/sending/coalescer.py
tasks/submitting.py tasks/sending/local_submission.py
tests/prefect_database.py tests/support/prefect_database.py
tests/database/test_message_counts.py tests/tasks/campaigns/test_message_counts.py
tasks/unknowns.py tasks/unknowns/resolve.py
tasks/look_ups.py tasks/unknowns/lookup.py
tasks/maintenance.py tasks/upkeep/maintenance.py
tasks/upkeep.py tasks/upkeep/health.py
tasks/restore.py tasks/upkeep/restore.py
tasks/sweep.py tasks/upkeep/sweep.py
tasks/told.py tasks/webhooks/apply.py
tasks/reconcile.py tasks/webhooks/reconcile.py
tasks/inbox.py tasks/webhooks/inbox.py
tasks/receipts.py tasks/webhooks/bodies.py

flows/steps/beside.py flows/steps/background.py
flows/steps/telling.py flows/steps/notifications.py
flows/steps/sharing.py flows/steps/parallel_runs.py
flows/steps/endings.py flows/steps/run_end.py
flows/steps/server_runs.py flows/steps/run_context.py

domain/news.py domain/notifications.py
domain/guards.py domain/safety_limits.py
domain/error_share.py domain/error_rate.py
domain/mapped_table.py domain/external_table.py
domain/server_run.py domain/scheduled_run.py
domain/recipients_file.py domain/recipients_schema.py

clients/graph/webhook_told.py clients/graph/webhook_types.py
clients/graph/webhook_events.py clients/graph/webhook_parser.py
clients/graph/webhook_words.py clients/graph/webhook_fields.py
clients/graph/webhook_values.py clients/graph/field_parsers.py
clients/graph/answers.py clients/graph/response_parsing.py
clients/lasting_connection.py clients/reconnecting.py
clients/sources.py clients/file_fetch.py
clients/prefect_server.py clients/prefect_api.py
cli/children.py cli/processes/supervisor.py
deployments/ending.py clients/processes/parent_death.py   # and cli/tied.py, see SPLITS
cli/tied.py clients/processes/parent_death.py
cli/beside.py cli/processes/child_command.py
clients/spreadsheet/digits.py clients/spreadsheet/file_search.py
clients/spreadsheet/package.py clients/spreadsheet/xlsx/archive.py
clients/spreadsheet/workbook.py clients/spreadsheet/xlsx/workbook.py
clients/spreadsheet/shared_texts.py clients/spreadsheet/xlsx/shared_strings.py
clients/spreadsheet/parsed_rows.py clients/spreadsheet/xlsx/xml_rows.py
clients/spreadsheet/row_shapes.py clients/spreadsheet/xlsx/row_patterns.py
clients/spreadsheet/sheet_rows.py clients/spreadsheet/xlsx/sheet_rows.py
clients/spreadsheet/number_text.py clients/spreadsheet/xlsx/number_format.py
clients/spreadsheet/clean_cells.py clients/spreadsheet/output/cell_cleaning.py
clients/spreadsheet/copy_format.py clients/spreadsheet/output/copy_format.py
clients/spreadsheet/copy_files.py clients/spreadsheet/output/copy_writer.py
clients/spreadsheet/plain_rows.py clients/spreadsheet/output/bulk_rows.py
clients/spreadsheet/row_trace.py clients/spreadsheet/output/reader_trace.py
clients/spreadsheet/xlsx_file.py clients/spreadsheet/readers/xlsx.py
clients/spreadsheet/csv_file.py clients/spreadsheet/readers/csv.py
clients/spreadsheet/second_reader.py clients/spreadsheet/readers/crosscheck_xlsx.py
clients/spreadsheet/csv_second_reader.py clients/spreadsheet/readers/crosscheck_csv.py

reports/whole_file.py reports/atomic_file.py
reports/forecast_picture.py reports/forecast_chart.py
reports/annotated_workbook.py reports/annotated/workbook.py
reports/annotated_sheet.py reports/annotated/sheet.py
reports/annotated_styles.py reports/annotated/styles.py
reports/sheet_survey.py reports/annotated/inspection.py
reports/xml_editor.py reports/annotated/xml_editor.py
reports/eligibility_page.py reports/eligibility/page.py
reports/eligibility_page.html reports/eligibility/page.html
reports/eligibility_plots.py reports/eligibility/plots.py
reports/eligibility_words.py reports/eligibility/text.py
reports/eligibility_workbook.py reports/eligibility/workbook.py
reports/history.py reports/history/history.py
reports/history_files.py reports/history/files.py
reports/history_page.py reports/history/page.py
reports/history_page.html reports/history/page.html

web/app.py web/receiver/app.py
web/receiver.py web/receiver/routes.py
web/meta.py web/receiver/meta.py
web/data_deletion.py web/receiver/data_deletion.py
web/data_deletion.html web/receiver/data_deletion.html
web/signature.py web/receiver/signature.py
web/body.py web/receiver/body_limit.py
web/meters.py web/receiver/metrics.py
web/watching.py web/receiver/health.py
web/follower.py web/receiver/reconcile_process.py
web/connections.py web/connection_limits.py
web/refusals.py web/rejections.py

cli/output.py cli/terminal.py
cli/log_lines.py cli/logging_setup.py
cli/sandbox_lessons.py cli/sandbox_seeder.py
cli/accounts.py cli/commands/accounts.py
cli/approvals.py cli/commands/approvals.py
cli/campaigns.py cli/commands/campaigns.py
cli/check.py cli/commands/check.py
cli/database.py cli/commands/database.py
cli/demo.py cli/commands/demo.py
cli/deploy.py cli/commands/deploy.py
cli/interactions.py cli/commands/interactions.py
cli/messages.py cli/commands/messages.py
cli/notify.py cli/commands/notify.py
cli/people.py cli/commands/people.py
cli/recurring.py cli/commands/recurring.py
cli/report.py cli/commands/report.py
cli/sandbox.py cli/commands/sandbox.py
cli/submit.py cli/commands/submit.py
cli/suppressions.py cli/commands/suppressions.py
cli/templates.py cli/commands/templates.py
cli/up.py cli/commands/up.py
cli/webhooks.py cli/commands/webhooks.py
cli/worker.py cli/commands/worker.py
cli/shown.py cli/output/formatting.py
cli/submitted.py cli/output/submit_result.py
cli/verdict.py cli/output/check_result.py
cli/progress.py cli/output/progress.py
cli/annotated.py cli/output/annotated.py

sandbox/fields.py sandbox/settings_patch.py
sandbox/process.py sandbox/client.py
sandbox/webhooks.py sandbox/events/envelope.py
sandbox/acts.py sandbox/events/user_actions.py
sandbox/changes.py sandbox/events/feed_changes.py
sandbox/events.py sandbox/events/messaging_events.py
sandbox/oddities.py sandbox/events/quirks.py
sandbox/accounts.py sandbox/world/accounts.py
sandbox/people.py sandbox/world/people.py
sandbox/receipts.py sandbox/world/receipts.py
sandbox/page_acts.py sandbox/world/page_actions.py
sandbox/send_rules.py sandbox/world/send_rules.py
sandbox/truth.py sandbox/records/post_log.py
sandbox/told.py sandbox/records/event_log.py
sandbox/shelf.py sandbox/records/disk_spool.py
sandbox/webhook_queue.py sandbox/delivery/queue.py
sandbox/teller.py sandbox/delivery/publisher.py
sandbox/server.py sandbox/server/app.py
sandbox/graph_api.py sandbox/server/graph_api.py
sandbox/graph_fields.py sandbox/server/graph_fields.py
sandbox/reads.py sandbox/server/read_api.py
sandbox/send_api.py sandbox/server/send_api.py
sandbox/control_api.py sandbox/server/control_api.py
sandbox/carrier.py sandbox/server/webhook_sender.py
sandbox/scene.py sandbox/server/seed.py
sandbox/knowledge.py tests/support/sandbox_state.py   # house.md: expected_state.py

validations/recipients_suite.py validations/suite.py
deployments/kubernetes/set-up.yaml deployments/kubernetes/set-up.yaml
""")

# --- tests -----------------------------------------------------------------------------------------------------------
_moves("""
tests/annotated_books.py tests/support/annotated_books.py
tests/command_line.py tests/support/command_line.py
tests/ended.py tests/support/ended_runs.py
tests/events.py tests/support/platform_events.py
tests/factories.py tests/support/factories.py
tests/sandbox_acts.py tests/support/sandbox_actions.py
tests/sandbox_queue.py tests/support/sandbox_queue.py
tests/scripted_platform.py tests/support/scripted_platform.py
tests/servers.py tests/support/postgres_servers.py
tests/webhook_bodies.py tests/support/webhook_bodies.py

tests/database/closings.py tests/support/brute_force_forecast.py
tests/database/conftest.py tests/support/database_fixtures.py
tests/database/erased.py tests/support/erased_people.py
tests/database/kept_data.py tests/support/retained_data.py
tests/database/lists.py tests/support/recipient_lists.py
tests/database/nights.py tests/support/eligibility_reports.py
tests/database/place.py tests/support/send_world.py
tests/database/shares.py tests/support/batches.py
tests/database/tellers.py tests/support/interaction_sources.py
tests/database/test_accounts_and_templates.py tests/tasks/test_accounts_and_templates.py
tests/database/test_approvals.py tests/tasks/campaigns/test_approvals.py
tests/database/test_backfill.py tests/tasks/conversations/test_backfill.py
tests/database/test_campaigns.py tests/tasks/campaigns/test_lifecycle.py
tests/database/test_decisions.py tests/tasks/messages/test_decisions.py
tests/database/test_eligibility.py tests/tasks/eligibility/test_report.py
tests/database/test_eligible_hours.py tests/tasks/eligibility/test_hours.py
tests/database/test_erased_people.py tests/tasks/privacy/test_tombstones.py
tests/database/test_erasure.py tests/tasks/privacy/test_erasure.py
tests/database/test_forecast.py tests/tasks/planning/test_forecast.py
tests/database/test_history.py tests/tasks/campaigns/test_history.py
tests/database/test_holds.py tests/tasks/campaigns/test_holds.py
tests/database/test_intake.py tests/tasks/ingest/test_pipeline.py
tests/database/test_interactions.py tests/tasks/interactions/test_store.py
tests/database/test_late_starts.py tests/tasks/campaigns/test_late_starts.py
tests/database/test_look_ups.py tests/tasks/unknowns/test_lookup.py
tests/database/test_mapped_interactions.py tests/tasks/interactions/test_external_table.py
tests/database/test_message_ids.py tests/tasks/sending/test_message_ids.py
tests/database/test_messages.py tests/tasks/messages/test_listing.py
tests/database/test_moves.py tests/tasks/campaigns/test_moves.py
tests/database/test_news.py tests/tasks/test_notifications.py
tests/database/test_origin_of_files.py tests/tasks/ingest/test_origin_of_files.py
tests/database/test_outlook.py tests/tasks/planning/test_progress.py
tests/database/test_partitions.py tests/tasks/upkeep/test_partitions.py
tests/database/test_plan_and_admission.py tests/tasks/ingest/test_plan_and_admission.py
tests/database/test_private_replies.py tests/tasks/sending/test_private_replies.py
tests/database/test_promises.py tests/sql/test_promises.py
tests/database/test_receipts.py tests/tasks/webhooks/test_apply.py
tests/database/test_reconcile.py tests/tasks/webhooks/test_reconcile.py
tests/database/test_reconcile_inbox.py tests/tasks/webhooks/test_reconcile_inbox.py
tests/database/test_reconcile_order.py tests/tasks/webhooks/test_reconcile_order.py
tests/database/test_reconcile_people.py tests/tasks/webhooks/test_reconcile_people.py
tests/database/test_resend_unknown.py tests/tasks/unknowns/test_resend_unknown.py
tests/database/test_retention.py tests/tasks/upkeep/test_retention.py
tests/database/test_retries.py tests/tasks/messages/test_retries.py
tests/database/test_roles.py tests/sql/test_roles.py
tests/database/test_schema.py tests/sql/test_schema.py
tests/database/test_segments.py tests/tasks/eligibility/test_segments.py
tests/database/test_sending.py tests/tasks/sending/test_batch.py
tests/database/test_spreadsheet_copy.py tests/clients/spreadsheet/test_spreadsheet_copy.py
tests/database/test_staging.py tests/tasks/ingest/test_staging.py
tests/database/test_submitting_again.py tests/tasks/ingest/test_submitting_again.py
tests/database/test_suite.py tests/tasks/ingest/test_suite.py
tests/database/test_suppressions.py tests/tasks/test_suppressions.py
tests/database/test_sweep.py tests/tasks/upkeep/test_sweep.py
tests/database/test_template_rules.py tests/tasks/ingest/test_template_rules.py
tests/database/test_timed_campaigns.py tests/tasks/runs/test_scheduled.py
tests/database/test_turns_and_caps.py tests/tasks/sending/test_fair_share_and_caps.py
tests/database/test_uploaded_files.py tests/tasks/campaigns/test_uploads.py
tests/database/test_validation_report.py tests/tasks/ingest/test_validation_report.py
tests/database/test_workbooks.py tests/tasks/ingest/test_annotated_workbook.py

tests/commands/test_plan_shown.py tests/commands/test_shown_plan.py

tests/faults/command.py tests/support/faults/command.py
tests/faults/fork_server.py tests/support/faults/fork_server.py
tests/faults/model.py tests/support/faults/model.py
tests/faults/proxy.py tests/support/faults/proxy.py
tests/faults/scene.py tests/support/faults/scenario.py
tests/faults/sender.py tests/support/faults/sender.py
tests/faults/sender_child.py tests/support/faults/sender_child.py
tests/faults/soak.py tests/support/faults/soak.py
tests/faults/twice.py tests/support/faults/two_senders.py
tests/faults/test_look_ups.py tests/faults/test_lookups.py
benchmarks/intake.py benchmarks/ingest.py
tests/flows/canaries.py tests/support/flows/secret_markers.py
tests/flows/prefect_machine.py tests/support/flows/prefect_processes.py
tests/flows/told_place.py tests/support/flows/notification_receiver.py
tests/flows/test_dead_legs.py tests/flows/test_crashed_runs.py
tests/flows/test_report_news.py tests/flows/test_report_notification.py
tests/flows/test_shares.py tests/flows/test_parallel_runs.py
tests/flows/test_timed_runs.py tests/flows/test_scheduled_runs.py
tests/machine/live_browser.py tests/support/machine/live_browser.py
tests/machine/namespaces.py tests/support/machine/namespaces.py
tests/machine/picture.py tests/support/machine/picture.py
tests/machine/relay.py tests/support/machine/relay.py

tests/sandbox/test_graph_conversations.py tests/clients/graph/test_conversations.py
tests/sandbox/test_graph_messenger.py tests/clients/graph/test_messenger.py
tests/sandbox/test_graph_messenger_faults.py tests/clients/graph/test_messenger_faults.py
tests/sandbox/conftest.py tests/support/sandbox_fixtures.py
tests/unit/test_sandbox_account_events.py tests/sandbox/unit/test_account_events.py
tests/unit/test_sandbox_faults.py tests/sandbox/unit/test_faults.py
tests/unit/test_sandbox_knowledge.py tests/sandbox/unit/test_expected_state.py
tests/unit/test_sandbox_messages_told.py tests/sandbox/unit/test_message_events.py
tests/unit/test_sandbox_oddities.py tests/sandbox/unit/test_quirks.py
tests/unit/test_sandbox_people_events.py tests/sandbox/unit/test_people_events.py
tests/unit/test_sandbox_platform.py tests/sandbox/unit/test_platform.py
tests/unit/test_sandbox_receipts.py tests/sandbox/unit/test_receipts.py
tests/unit/test_sandbox_send_rules.py tests/sandbox/unit/test_send_rules.py
tests/unit/test_sandbox_webhook_order.py tests/sandbox/unit/test_webhook_order.py
tests/unit/test_sandbox_webhook_settings.py tests/sandbox/unit/test_webhook_settings.py
tests/unit/test_sandbox_webhooks.py tests/sandbox/unit/test_webhooks.py

tests/spreadsheet/conftest.py tests/clients/spreadsheet/conftest.py
tests/spreadsheet/case_files.py tests/support/spreadsheet/case_files.py
tests/spreadsheet/case_sentences.py tests/support/spreadsheet/case_sentences.py
tests/spreadsheet/cases.py tests/support/spreadsheet/cases.py
tests/spreadsheet/fuzz.py tests/support/spreadsheet/fuzz.py
tests/spreadsheet/small_workbooks.py tests/support/spreadsheet/small_workbooks.py
tests/spreadsheet/web_server.py tests/support/web_server.py
tests/spreadsheet/workbook_parts.py tests/support/spreadsheet/workbook_parts.py
tests/spreadsheet/write_cases.py tests/support/spreadsheet/write_cases.py
tests/spreadsheet/test_stores.py tests/clients/sources/test_stores.py
tests/spreadsheet/test_web_addresses.py tests/clients/sources/test_web_addresses.py

tests/unit/test_erasure_words.py tests/unit/domain/test_erasure.py
tests/unit/test_error_share.py tests/unit/domain/test_error_rate.py
tests/unit/test_evidence.py tests/unit/domain/test_evidence.py
tests/unit/test_graph_errors.py tests/unit/clients/test_graph_errors.py
tests/unit/test_header.py tests/unit/validations/test_header.py
tests/unit/test_interaction_checks.py tests/unit/tasks/test_interaction_checks.py
tests/unit/test_pace.py tests/unit/domain/test_pace.py
tests/unit/test_problem.py tests/unit/domain/test_problem.py
tests/unit/test_reasons.py tests/unit/domain/test_reasons.py
tests/unit/test_recurring.py tests/unit/tasks/test_recurring.py
tests/unit/test_server_run.py tests/unit/domain/test_scheduled_run.py
tests/unit/test_slot_clock.py tests/unit/tasks/test_server_clock.py
tests/unit/test_states.py tests/unit/domain/test_states.py
tests/unit/test_submit_form.py tests/unit/domain/test_submit_form.py
tests/unit/test_template.py tests/unit/domain/test_template.py
tests/unit/test_times.py tests/unit/domain/test_times.py
tests/unit/test_value_rules.py tests/unit/domain/test_value_rules.py
tests/unit/test_webhook_bodies_of_any_shape.py tests/unit/clients/test_webhook_bodies_of_any_shape.py
tests/unit/test_webhook_events.py tests/unit/clients/test_webhook_parser.py
tests/unit/test_window.py tests/unit/domain/test_window.py

tests/web/posting.py tests/support/web/receiver_process.py
tests/web/receiving.py tests/support/web/receiver_app.py
tests/web/test_away.py tests/web/test_unavailable_database.py
tests/web/test_follower.py tests/web/test_reconcile_process.py
""")

FILES["sandbox/knowledge.py"] = "tests/support/expected_state.py"
# Folders whose remaining test files follow.
STAYS = set("""cli/main.py cli/session.py cli/submission_options.py cli/temporary_prefect.py sandbox/__main__.py sandbox/clock.py
sandbox/errors.py sandbox/faults.py sandbox/loopback.py sandbox/message_ids.py sandbox/platform.py tasks/accounts.py tasks/suppressions.py
tasks/templates.py tests/conftest.py web/server.py clients/spreadsheet/child.py clients/spreadsheet/file_kind.py clients/spreadsheet/limits.py
clients/spreadsheet/recipients.py clients/spreadsheet/printable.py""".split())
FOLDERS = {"tests/database/": "tests/tasks/", "tests/spreadsheet/": "tests/clients/spreadsheet/"}

# Symbols (by their new names) that leave the file they stand in: old file -> new file -> names. Private helpers, imports
# and comments go with them, as far as nothing that stays behind uses them.
SPLITS: dict[str, dict[str, list[str]]] = {
    "tasks/windows.py": {
        "domain/plan.py": ["CampaignForecast", "AccountUsage"],
        "tasks/database/session.py": ["read_clock"],
        "tasks/planning/timing.py": ["timing_of", "safety_policy", "fair_share_parameters", "window_parameters", "claim_parameters"],
    },
    "tasks/planning.py": {
        "domain/times.py": ["duration", "short_time"],
        "domain/plan.py": ["plan_facts"],
        "reports/plan_text.py": ["plan_sentences"],
        "tasks/planning/freshness.py": ["check_interactions", "check_freshness", "describe_stale"],
    },
    "tasks/recording.py": {"domain/outcome.py": ["describe"]},
    "tasks/campaigns.py": {"domain/counts.py": ["Counts"]},
    "tasks/outlook.py": {"domain/plan.py": ["SendProgress"]},
    "tasks/submitted_plan.py": {"domain/approval.py": ["PlanAwaitingApproval"]},
    "tasks/intake.py": {
        "domain/plan.py": ["DryRunResult"],
        "tasks/campaigns/admission.py": ["requires_approval", "nobody_eligible_text"],
    },
    "tasks/value_rules.py": {"tasks/templates.py": ["pattern_refusal"]},
    "tasks/running.py": {"tasks/database/session.py": ["open_database"]},
    "tasks/maintenance.py": {"tasks/database/locks.py": ["single_runner"]},
    "cli/tied.py": {},
}
DOCSTRINGS = {
    "domain/plan.py": "The plan of a campaign: its forecast, its progress while it sends, and the facts that are stored and shown.",
    "domain/counts.py": "The number of rows of a campaign in each state.",
    "reports/plan_text.py": "The plan of a campaign in sentences.",
    "tasks/campaigns/admission.py": "Rules of admission: whether a campaign requires approval, and why nobody is eligible.",
    "tasks/database/session.py": "A connection to the migrated database, and the clock of the database.",
    "tasks/database/locks.py": "Advisory locks: one runner at a time.",
    "tasks/planning/freshness.py": "Checks of the age of the known interactions.",
    "tasks/planning/timing.py": "Settings as the parameters of statements about windows, claims and fair shares.",
}
PACKAGE_DOCSTRINGS = {
    "clients/tables": "Readers of tables from users: csv, xlsx and parquet.",
    "clients/processes": "The end of a process with its parent.",
    "cli/processes": "Child processes of the command line: supervision, commands.",
    "clients/spreadsheet/xlsx": "The parts of an xlsx workbook.",
    "clients/spreadsheet/output": "The files that the reader writes for COPY.",
    "clients/spreadsheet/readers": "Readers of xlsx and csv files, and the readers that check them.",
    "reports/annotated": "The annotated copy of an uploaded workbook.",
    "reports/eligibility": "The eligibility report as a page, plots, text and a workbook.",
    "reports/history": "The history of campaigns as tables, files and a page.",
    "web/receiver": "The webhook receiver.",
    "cli/commands": "The commands of the command line, one group in each file.",
    "cli/output": "Output of commands: text for people and JSON for programs.",
    "sandbox/events": "Webhook events in the shapes of the platform.",
    "sandbox/world": "Accounts and people of the sandbox, and the rules of sending.",
    "sandbox/records": "Records of posts and of published events.",
    "sandbox/delivery": "Delivery of webhook events.",
    "sandbox/server": "The HTTP server of the sandbox.",
    "tasks/campaigns": "Campaigns: lifecycle, approvals, admission, history, uploads.",
    "tasks/conversations": "Conversations of the platform: backfill and the rate limit of look-ups.",
    "tasks/database": "The database: sessions, schema, roles, locks.",
    "tasks/eligibility": "The eligibility report: measuring, segments, files, notification.",
    "tasks/ingest": "Ingesting of recipient lists: reading, checking, classification, admission.",
    "tasks/interactions": "Interactions: import, checks, the external table.",
    "tasks/messages": "Messages: listing, manual decisions, retries.",
    "tasks/planning": "Planning: forecast, plan, freshness, progress.",
    "tasks/privacy": "Erasure of people, tombstones, deletion requests.",
    "tasks/runs": "Runs on the Prefect server: scheduled, parallel and recurring ones.",
    "tasks/sending": "Sending: claims, batches, outcomes, backoff.",
    "tasks/unknowns": "Unknown sends: look-ups and their resolution.",
    "tasks/upkeep": "Upkeep: maintenance, health, restore, sweep.",
    "tasks/webhooks": "Webhook bodies: storing, the inbox, applying, reconciliation.",
}
