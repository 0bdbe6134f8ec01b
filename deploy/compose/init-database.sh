#!/bin/sh
# Run once by Postgres' image: the user of the API and the workers, who owns nothing, and the sandbox's database.
set -eu
psql --set=ON_ERROR_STOP=1 --set=password="$APP_PASSWORD" --username="$POSTGRES_USER" --dbname="$POSTGRES_DB" <<'SQL'
create role oncepay_app login noinherit password :'password';
revoke connect on database oncepay from public;
grant connect on database oncepay to oncepay_app;
create database sandbox;
revoke connect on database sandbox from public;
SQL
