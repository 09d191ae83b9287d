-- grain: scalar macros, no rows
-- key: the word lists of the synthetic company; every name is made up
-- as-of: no time here
create or replace macro company_first(n) as
  (['Alder', 'Amber', 'Apex', 'Arbor', 'Aster', 'Atlas', 'Aurora', 'Beacon', 'Birch', 'Bluefin', 'Bright', 'Brook', 'Cadence',
    'Canopy', 'Cedar', 'Cinder', 'Clear', 'Cobalt', 'Copper', 'Coral', 'Crest', 'Delta', 'Drift', 'Eastgate', 'Echo', 'Elm',
    'Ember', 'Fern', 'Field', 'Flint', 'Forge', 'Foxglove', 'Garnet', 'Glacier', 'Granite', 'Grove', 'Harbor', 'Haven',
    'Hazel', 'Heron', 'Highland', 'Hollow', 'Horizon', 'Indigo', 'Iron', 'Ivory', 'Juniper', 'Keystone', 'Kite', 'Lantern',
    'Larch', 'Laurel', 'Linden', 'Lumen', 'Maple', 'Meadow', 'Meridian', 'Mistral', 'Moss', 'North', 'Oak', 'Obsidian', 'Onyx',
    'Opal', 'Orchard', 'Osprey', 'Otter', 'Palisade', 'Pebble', 'Pine', 'Prairie', 'Quarry', 'Quill', 'Raven', 'Redwood',
    'Ridge', 'River', 'Robin', 'Rowan', 'Saffron', 'Sage', 'Sable', 'Sierra', 'Silver', 'Slate', 'Solstice', 'Sparrow',
    'Spruce', 'Stone', 'Summit', 'Swift', 'Talon', 'Teal', 'Tern', 'Thistle', 'Tidal', 'Timber', 'Umber', 'Vale', 'Verdant',
    'Vesper', 'Walnut', 'Willow', 'Wren', 'Yarrow', 'Zephyr', 'Zinnia'])[1 + (n)::integer];
create or replace macro company_second(n) as
  (['Analytics', 'Bakeries', 'Bank', 'Biotech', 'Brands', 'Capital', 'Care', 'Clinics', 'Cloud', 'College', 'Components',
    'Construction', 'Consulting', 'Couriers', 'Dairy', 'Data', 'Design', 'Diagnostics', 'Digital', 'Dynamics', 'Education',
    'Energy', 'Engineering', 'Estates', 'Farms', 'Finance', 'Foods', 'Freight', 'Furnishings', 'Games', 'Health', 'Holdings',
    'Hotels', 'Industries', 'Insurance', 'Interiors', 'Labs', 'Learning', 'Legal', 'Logistics', 'Marine', 'Media', 'Medical',
    'Mobility', 'Motors', 'Networks', 'Optics', 'Outdoor', 'Packaging', 'Partners', 'Pharma', 'Pictures', 'Power', 'Press',
    'Properties', 'Publishing', 'Rail', 'Recruiting', 'Retail', 'Robotics', 'Security', 'Shipping', 'Software', 'Solar',
    'Sports', 'Studios', 'Systems', 'Textiles', 'Tools', 'Trading', 'Travel', 'University', 'Utilities', 'Ventures', 'Water',
    'Works'])[1 + (n)::integer];
create or replace macro first_name(n) as
  (['Aisha', 'Alan', 'Amelia', 'Ana', 'Andrei', 'Anika', 'Ben', 'Bianca', 'Carlos', 'Chen', 'Clara', 'Daniel', 'Daria', 'David',
    'Diego', 'Elena', 'Elif', 'Emma', 'Erik', 'Fatima', 'Felix', 'Freya', 'Gabriel', 'Grace', 'Hana', 'Hassan', 'Helen', 'Hugo',
    'Ines', 'Isaac', 'Ivana', 'Jack', 'Jana', 'Jonas', 'Julia', 'Karim', 'Kate', 'Kenji', 'Lara', 'Leo', 'Lena', 'Liam',
    'Lucia', 'Marco', 'Maria', 'Mateo', 'Mei', 'Nadia', 'Nina', 'Noah', 'Olga', 'Omar', 'Paul', 'Petra', 'Priya', 'Rafael',
    'Rosa', 'Sam', 'Sofia', 'Tom', 'Uma', 'Viktor', 'Yara'])[1 + (n)::integer];
create or replace macro last_name(n) as
  (['Abbott', 'Alvarez', 'Andersen', 'Baker', 'Banerjee', 'Becker', 'Bennett', 'Bianchi', 'Brandt', 'Carter', 'Castro', 'Chandra',
    'Clarke', 'Costa', 'Dahl', 'Dubois', 'Edwards', 'Eriksen', 'Fischer', 'Fontaine', 'Foster', 'Garcia', 'Gruber', 'Haddad',
    'Hansen', 'Harris', 'Hoffmann', 'Ibrahim', 'Ito', 'Jansen', 'Jensen', 'Kaya', 'Keller', 'Khan', 'Kim', 'Kowalski', 'Larsen',
    'Laurent', 'Lewis', 'Lind', 'Lopez', 'Marino', 'Meyer', 'Mitchell', 'Moreau', 'Murphy', 'Nakamura', 'Nguyen', 'Novak',
    'Okafor', 'Olsen', 'Ortiz', 'Osei', 'Patel', 'Pereira', 'Quinn', 'Reyes', 'Ricci', 'Romano', 'Rossi', 'Santos', 'Schmidt',
    'Shah', 'Silva', 'Singh', 'Sorensen', 'Stewart', 'Suzuki', 'Tanaka', 'Taylor', 'Torres', 'Turner', 'Vance', 'Vogel', 'Walker',
    'Weber', 'Winter', 'Wright', 'Yilmaz', 'Zhang'])[1 + (n)::integer];
create or replace macro csm_name(n) as
  (['Priya Raman', 'Tomas Berg', 'Grace Adeyemi', 'Luis Ortega', 'Hannah Weiss', 'Owen Gallagher'])[1 + (n)::integer];
create or replace macro partner_name(n) as (['Nordkap Consulting', 'Brightline IT', 'Tessera Partners'])[1 + (n)::integer];
create or replace macro industry_name(u) as
  pick(['Software', 'Financial services', 'Healthcare', 'Retail', 'Manufacturing', 'Education', 'Logistics', 'Media'], u);
create or replace macro feature_name(n) as
  (['dashboards', 'reports', 'search', 'comments', 'exports', 'alerts', 'automations', 'forms', 'integrations', 'api',
    'permissions', 'forecasting'])[1 + (n)::integer];
create or replace macro milestone_name(n) as
  (['kickoff', 'sso_setup', 'data_import', 'first_dashboard', 'team_rollout', 'go_live'])[1 + (n)::integer];

-- the first names of an account's first 63 people all differ
create or replace macro person_first_name(i, number) as first_name((floor(uniform('first name', i, 0) * 63)::integer + (number) * 5) % 63);
create or replace macro person_last_name(i, number) as last_name(floor(uniform('last name', i, number) * 80));
create or replace macro person_email(i, number, domain) as
  lower(person_first_name(i, number)) || '.' || lower(person_last_name(i, number)) || '@' || domain;
create or replace macro private_email(i, number) as
  lower(person_first_name(i, number)) || lower(person_last_name(i, number)) || format('{:04x}', scramble('private', i * 1024 + (number)) % 65536) || '@gmail.com';
