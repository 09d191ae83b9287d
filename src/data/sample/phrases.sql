-- grain: scalar macros, no rows
-- key: the sentences that tickets, notes, comments and surveys are put together from
-- as-of: no time here
create or replace macro ticket_category(u) as
  pick(['how_to', 'how_to', 'how_to', 'bug', 'bug', 'performance', 'integration', 'integration', 'access', 'billing', 'data_import'], u);
create or replace macro ticket_subject(category, u) as case category
  when 'how_to' then pick(['How do I share a dashboard?', 'Question about scheduled reports', 'Filtering by region',
    'Changing the owner of a report', 'Can we rename a workspace?'], u)
  when 'bug' then pick(['Chart shows the wrong total', 'Export stops half way', 'Comment box does not open',
    'Alert is sent twice', 'Filter is reset after saving'], u)
  when 'performance' then pick(['Dashboards load slowly', 'Search takes more than a minute', 'Timeouts since this morning'], u)
  when 'integration' then pick(['CRM sync fails', 'API returns 429', 'Webhook is not delivered', 'Warehouse connection dropped'], u)
  when 'access' then pick(['Cannot sign in', 'SSO login loop', 'Please add two colleagues'], u)
  when 'billing' then pick(['Question about our invoice', 'VAT number on the invoice', 'Seats on the last bill'], u)
  else pick(['Import rejects our file', 'Duplicate rows after import', 'Column mapping question'], u) end;
create or replace macro ticket_detail(category, u) as case category
  when 'how_to' then pick(['We would like to share one view with a team that has no editor rights.',
    'I could not find the setting in the help centre.', 'Two of us looked for it and came to different answers.'], u)
  when 'bug' then pick(['It happens every time we open the monthly view.', 'Yesterday it still worked, today it does not.',
    'Steps: open the report, change the date, save.'], u)
  when 'performance' then pick(['The page takes forty seconds on a good connection.', 'Several people here see the same.',
    'It is worst between nine and eleven.'], u)
  when 'integration' then pick(['The log says that the token has expired.', 'About one record in ten is missing on the other side.',
    'Nothing was changed on our end.'], u)
  when 'access' then pick(['The reset mail does not arrive.', 'The new colleagues start on Monday.',
    'After the login page we land on the login page again.'], u)
  when 'billing' then pick(['The amount differs from the order form.', 'Our finance team needs a corrected copy.',
    'Please tell us how the last line was worked out.'], u)
  else pick(['The file has 40,000 rows and stops at row 12.', 'We tried both CSV and Excel.',
    'The preview looks right, the result does not.'], u) end;
create or replace macro mood_sentence(mood, u) as case mood
  when 'positive' then pick(['Thanks, you have been great so far.', 'Apart from this the team loves the product.',
    'No rush, everything else works well.', 'We are very happy with the new reports.', 'Great service last time, thank you!'], u)
  when 'negative' then pick(['This is the third time and it is really frustrating.', 'We are losing hours over this.',
    'Honestly, this is unacceptable for what we pay.', 'Still broken, and nobody got back to us.',
    'I am disappointed with how this was handled.', 'The team has stopped trusting the numbers.'], u)
  else pick(['Please let us know.', 'Could you take a look?', 'Thank you for your help.', 'Any advice is welcome.'], u) end;
create or replace macro risk_sentence(kind, u) as case kind
  when 'competitor' then pick(['We are evaluating an alternative at the moment.', 'Another vendor showed us a demo last week.',
    'We have started to compare you with a competitor.'], u)
  when 'budget' then pick(['Our budget was cut for next year.', 'Finance has asked us to reduce software spend.'], u)
  when 'downgrade' then pick(['We may have to move to a smaller plan.', 'How can we downgrade our plan?'], u)
  when 'price' then pick(['The price increase is hard to justify here.', 'It has become too expensive for what we use.'], u)
  when 'champion' then pick(['I am leaving the company at the end of the month.', 'Our project lead has handed in her notice.'], u)
  else pick(['Our company is being merged into another group.', 'We have been acquired and the new owner uses another tool.'], u) end;
create or replace macro negated_sentence(u) as
  pick(['We are not looking at alternatives, just so you know.', 'No concerns about the price from our side.',
    'To be clear, nobody here wants to downgrade.', 'Our budget has not been cut, so go ahead.',
    'We looked at a competitor last year and have no plans to do so again.'], u);
create or replace macro csat_comment(mood, u) as case mood
  when 'positive' then pick(['Fast and friendly.', 'Exactly the answer I needed.', 'Great help, thank you.', 'Solved in one go.'], u)
  when 'negative' then pick(['Took far too long.', 'The problem came back the next day.', 'I had to explain it three times.',
    'Not helpful at all.'], u)
  else pick(['OK.', 'Fine in the end.', 'Solved, but slowly.'], u) end;
create or replace macro survey_comment(mood, u) as case mood
  when 'positive' then pick(['The team could not work without it.', 'Easy to use and good support.', 'Reports save us a day a week.',
    'Our account manager is excellent.'], u)
  when 'negative' then pick(['Too complicated for most of us.', 'Support is slow and the price keeps rising.',
    'We do not get the value we were promised.', 'Missing features that others have.'], u)
  else pick(['Does what it should.', 'Good product, some rough edges.', 'Would like better exports.'], u) end;
create or replace macro note_sentence(mood, u) as case mood
  when 'positive' then pick(['Good call, they plan to roll out to a second team.', 'Very happy, asked about the roadmap.',
    'Showed results to their board.', 'Adoption is growing.'], u)
  when 'negative' then pick(['Frustrated with open tickets.', 'Hard to reach, short answers.', 'They question the value.',
    'Usage is down and they know it.'], u)
  else pick(['Regular call, nothing new.', 'Went through the open points.', 'Discussed next steps.'], u) end;
