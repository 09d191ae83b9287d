-- grain: scalar macros, no rows
-- key: a draw is named by seed, purpose, account and counter; the same name gives the same number, in any order, on any thread
-- as-of: no time here; the finalizer is lowbias32 (C. Wellons), bijective on 32 bits, written out so that no engine version can change it
create or replace macro mix_a(x) as (xor(x, x >> 16) * 569420461::ubigint) & 4294967295;
create or replace macro mix_b(x) as (xor(x, x >> 15) * 3545902487::ubigint) & 4294967295;
create or replace macro mix_c(x) as xor(x, x >> 15);
create or replace macro stream_key(purpose) as
  ('0x' || substr(md5(getvariable('seed')::varchar || ':' || purpose), 1, 8))::uinteger::ubigint;

-- 32 bits, a different value for every `item` below 2^32: for ids that must be unique
create or replace macro scramble(purpose, item) as
  mix_c(mix_b(mix_a((item::ubigint * 2654435769::ubigint + stream_key(purpose)) & 4294967295)));

-- 32 bits for one account (or any item) and counter
create or replace macro draw_bits(purpose, item, counter) as
  mix_c(mix_b(mix_a(((((item::ubigint * 2654435769::ubigint + stream_key(purpose)) & 4294967295) * 2246822519::ubigint) >> 13)
    + (counter)::ubigint * 3266489917::ubigint & 4294967295)));

-- uniform on (0, 1), never 0 or 1
create or replace macro uniform(purpose, item, counter) as
  (draw_bits(purpose, item, counter)::double + 0.5::double) / 4294967296.0::double;

-- two uniform numbers of 16 bits from one draw
create or replace macro low_part(bits) as ((bits & 65535)::double + 0.5::double) / 65536.0::double;
create or replace macro high_part(bits) as ((bits >> 16)::double + 0.5::double) / 65536.0::double;

-- standard normal (Box-Muller)
create or replace macro normal(purpose, item, counter) as
  sqrt(-2.0::double * ln(uniform(purpose || ':r', item, counter)))
    * cos(6.283185307179586::double * uniform(purpose || ':a', item, counter));

-- whole number 0, 1, 2, ... with the given mean from one uniform: geometric, over-dispersed as tickets are
create or replace macro geometric(mean_count, u) as
  floor(ln(u) / ln(greatest(mean_count, 0.000001::double) / (1.0::double + greatest(mean_count, 0.000001::double))))::integer;

-- whole number whose mean is exactly `mean_count`, never more than one off
create or replace macro whole(mean_count, u) as floor(mean_count + u)::integer;

create or replace macro logistic(log_odds) as 1.0::double / (1.0::double + exp(-(log_odds)));
create or replace macro pick(items, u) as (items)[1 + floor(u * len(items))::integer];

-- ids that several files share
create or replace macro contact_id(i, number) as 'C' || lpad((i * 64 + number)::varchar, 8, '0');
create or replace macro user_id(i, number) as 'u' || format('{:08x}', scramble('user id', i * 1024 + number));
