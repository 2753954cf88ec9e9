"""One suite for both stores: SQLite always, PostgreSQL with PostGIS where Debian's is installed."""

import hashlib
import json
import os
import shutil
import sqlite3
import subprocess
import tempfile
from itertools import product
from pathlib import Path

import pytest
from sqlalchemy import text

import casework
from casework import COMPARTMENT, Clock
from plumeline.access import Verb
from plumeline.access.ledger import chain_faults
from plumeline.cases import Assessment
from plumeline.errors import AccessError, ConflictError, InputError, RefusedError, StoreError
from plumeline.store.cases_engine import connect, migrate, transaction
from plumeline.store.cases_places import Box
from plumeline.store.vault import lock, new_vault, unlock
from plumeline.workflows import audits, deletion, intake, review
from plumeline.workflows import desk as desks
from programs import needed

ROOT = Path(__file__).resolve().parents[2]
BACKENDS = ["sqlite", "postgresql"]


@pytest.fixture(params=BACKENDS)
def where(request, tmp_path):
    if request.param == "sqlite":
        return str(tmp_path)
    return request.getfixturevalue("postgres")


@pytest.fixture
def world(where):
    return casework.make_world(where)


def test_what_was_written_is_read_again(world):
    case = casework.opened_case(world)
    shown = review.show_case(world.desk("A-ANAL01"), case)
    assert shown.case.sections == casework.sections()
    assert shown.case.version == 2
    assert [head.id for head in review.list_cases(world.desk("A-REVW01"))] == [case]


def test_who_lacks_the_compartment_sees_nothing_and_gets_the_same_words(world):
    case = casework.opened_case(world)
    outsider = world.desk("A-NOCO01")
    assert review.list_cases(outsider) == []
    said = set()
    for identifier in (case, "C-NOSUCHCASE", "A-REVW01"):
        with pytest.raises(AccessError) as refused:
            review.show_case(outsider, identifier)
        said.add(str(refused.value))
    assert len(said) == 1


def test_two_who_write_at_once_are_told_and_nothing_is_lost(world):
    case = casework.opened_case(world)
    first, second = world.desk("A-REVW01"), world.desk("A-REVW02")
    with first.session() as session:
        head, stale = review.read_case(session, case, Verb.REVIEW)
    review.score_blind(second, case, Assessment.NOTHING, 0.5)
    from plumeline.cases.events import BlindScored

    with pytest.raises(ConflictError), first.session() as session:
        event = BlindScored(assessment=Assessment.UNEXPLAINED, confidence=0.5)
        review.write_case(session, head, stale, event, verb=Verb.REVIEW, occasion="scored-blind")
    review.score_blind(first, case, Assessment.UNEXPLAINED, 0.5)
    assert len(review.show_case(world.desk("A-ANAL01"), case).case.scores) == 2


def test_a_map_window_finds_cases_near_it_and_no_others(world):
    case = casework.opened_case(world)
    analyst = world.desk("A-ANAL01")
    assert [
        h.id for h in review.list_cases(analyst, box=Box(west=-40.2, south=29.8, east=-39.8, north=30.2))
    ] == [case]
    assert review.list_cases(analyst, box=Box(west=10, south=10, east=11, north=11)) == []


def test_history_cannot_be_changed_from_outside(world):
    casework.opened_case(world)
    engine = world.desk("A-ANAL01").store.engine
    for statement in (
        "DELETE FROM audit",
        "UPDATE audit SET data = data",
        "DELETE FROM event",
        "UPDATE event SET actor = 'A-OTHER1'",
    ):
        with (
            pytest.raises(StoreError, match="history is never changed"),
            transaction(engine, [COMPARTMENT]) as connection,
        ):
            connection.execute(text(statement))
    assert audits.check_log(world.desk("A-AUDT01")).size > 10


def test_a_clock_that_was_set_back_is_refused_and_nothing_is_written(world):
    case = casework.opened_case(world)
    world.clock.forward(hours=-1)
    with pytest.raises(StoreError, match="clock"):
        review.add_note(world.desk("A-ANAL01"), case, "late")
    world.clock.forward(hours=1)
    assert review.show_case(world.desk("A-ANAL01"), case).case.version == 2


def test_content_is_deleted_only_when_due_and_with_a_signed_certificate(world):
    case = casework.opened_case(world)
    custodian = world.desk("A-CUST01")
    review.withdraw(world.desk("A-ANAL01"), case, "duplicate")
    review.hold(custodian, case, "court order")
    world.clock.forward(days=91)
    with pytest.raises(RefusedError, match="legal hold"):
        deletion.delete_expired(world.desk("A-CUST01"), case)
    review.hold(world.desk("A-CUST01"), case, "order lifted", lift=True)
    with pytest.raises(RefusedError, match="kept until"):
        deletion.delete_expired(world.desk("A-CUST01"), case)
    world.clock.forward(days=91)
    certificate = json.loads(deletion.delete_expired(world.desk("A-CUST01"), case))
    assert certificate["payloadType"].endswith("deletion+json")
    with pytest.raises(StoreError, match="deleted at the end of its retention"):
        review.show_case(world.desk("A-ANAL01"), case)
    audits.check_log(world.desk("A-AUDT01"))


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_migration_that_was_interrupted_is_repeated_whole(backend, request, tmp_path):
    engine = connect(
        desks.store_url(tmp_path if backend == "sqlite" else request.getfixturevalue("empty_postgres"))
    )

    class CutShortError(Exception):
        pass

    with pytest.raises(CutShortError), transaction(engine) as connection:
        connection.execute(text("CREATE TABLE half (x INTEGER)"))
        raise CutShortError
    migrate(engine)
    migrate(engine)  # a second time changes nothing
    with transaction(engine) as connection:
        names = connection.dialect.get_table_names(connection)
    assert "half" not in names
    assert {"stream", "event", "audit"} <= set(names)


def test_a_store_of_a_newer_version_is_left_alone(world):
    engine = world.desk("A-ANAL01").store.engine
    with transaction(engine) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StoreError, match="newer version"):
        migrate(engine)


def test_live_and_exercise_never_mix(tmp_path):
    (tmp_path / "live").mkdir()
    places = {False: str(tmp_path / "live"), True: str(tmp_path)}
    worlds = {flag: casework.make_world(place, exercise=flag) for flag, place in places.items()}
    case = casework.opened_case(worlds[True], exercise=True)
    assert case.startswith("X-")
    with pytest.raises(InputError, match="live and exercise"):
        casework.opened_case(worlds[True], exercise=False)
    for flag, world in worlds.items():
        wrong = casework.survey(name="flight" if flag else "EXERCISE-flight")
        facts = {"authority": casework.AUTHORITY, "label": "flight", "position_sigma_m": 1.0}
        with pytest.raises(InputError, match="live and exercise never mix"):
            intake.ingest(world.desk("A-ANAL01"), wrong, **facts)


def test_payloads_are_not_in_the_file_in_clear(tmp_path):
    world = casework.make_world(str(tmp_path))
    casework.opened_case(world)
    review.add_note(
        world.desk("A-ANAL01"), review.list_cases(world.desk("A-ANAL01"))[0].id, "zebra crossing nearby"
    )
    stored = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"zebra" not in stored
    assert b"paint shop" not in stored
    assert b"-39.99" not in stored


def test_a_payload_moved_or_changed_is_found():
    vault = new_vault()
    plain, wrapped = vault.new_data_key("C-ONE1")
    assert vault.data_key(wrapped, "C-ONE1") == plain
    with pytest.raises(StoreError):
        vault.data_key(wrapped, "C-TWO2")
    locked = bytearray(lock(plain, b"content", "C-ONE1/1"))
    locked[20] ^= 1
    with pytest.raises(StoreError):
        unlock(plain, bytes(locked), "C-ONE1/1")


def test_a_store_locked_by_another_process_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr("plumeline.store.cases_engine.BUSY_MS", 100)
    world = casework.make_world(str(tmp_path))
    other = sqlite3.connect(tmp_path / desks.STORE_FILE, isolation_level=None)
    try:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="another process is writing"):
            world.desk("A-ANAL01")
        other.execute("ROLLBACK")
    finally:
        other.close()
    world.desk("A-ANAL01")


def test_a_full_disk_loses_nothing(tmp_path):
    world = casework.make_world(str(tmp_path))
    case = casework.opened_case(world)
    analyst = world.desk("A-ANAL01")
    with analyst.store.engine.connect() as connection:
        raw = connection.connection.dbapi_connection
        raw.execute(f"PRAGMA max_page_count = {raw.execute('PRAGMA page_count').fetchone()[0]}")
    with pytest.raises(StoreError, match="disk is full"):
        for _ in range(50):
            review.add_note(analyst, case, "x" * 1500)
    with analyst.store.engine.connect() as connection:
        connection.connection.dbapi_connection.execute("PRAGMA max_page_count = 1000000")
    kept = review.show_case(world.desk("A-ANAL01"), case).case.version
    review.add_note(world.desk("A-ANAL01"), case, "there is room again")
    assert review.show_case(world.desk("A-ANAL01"), case).case.version == kept + 1
    audits.check_log(world.desk("A-AUDT01"))


@pytest.mark.parametrize(
    "content", [b"", b"not a database at all, but long enough to be looked at by SQLite" * 20]
)
def test_a_file_that_is_no_store_is_named(tmp_path, content):
    (tmp_path / desks.STORE_FILE).write_bytes(content)
    from plumeline.access.keys import new_actor_keys

    with pytest.raises(StoreError):
        desks.open_desk(tmp_path, new_actor_keys("A-ANAL01"), clock=Clock())


def test_a_stranger_with_a_key_of_the_right_badge_does_not_get_in(tmp_path):
    from plumeline.access.keys import new_actor_keys

    world = casework.make_world(str(tmp_path))
    with pytest.raises(AccessError, match="does not open"):
        desks.open_desk(tmp_path, new_actor_keys("A-ANAL01"), clock=world.clock)


def test_kill_nine_at_random_points_leaves_whole_histories(tmp_path):
    # A quick share of `benchmarks crash_safety`, which kills 200 times and more.
    from benchmarks.crash_safety import kill_rounds

    result = kill_rounds(tmp_path, rounds=9, seed=1)
    assert result.faults == []
    assert result.appended > 0


@pytest.fixture(scope="session")
def postgres_server():
    binaries = Path("/usr/lib/postgresql/15/bin")
    needed(binaries / "initdb", "/usr/share/postgresql/15/extension/postgis.control")
    folder = Path(tempfile.gettempdir()) / f"plumeline-pg-{os.getpid()}"  # a socket's path must be short
    folder.mkdir(mode=0o777)
    as_user = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] if os.getuid() == 0 else []
    if as_user:
        os.chown(folder, 65534, 65534)
    data = folder / "data"

    def run(*words):
        subprocess.run(
            [*as_user, *map(str, words)],
            check=True,
            capture_output=True,
            cwd=folder,
            env={"LC_ALL": "C.UTF-8", "PATH": os.environ["PATH"]},
        )

    try:
        run(binaries / "initdb", "-D", data, "-U", "owner", "-A", "trust", "-E", "UTF8")
        run(
            binaries / "pg_ctl",
            "-D",
            data,
            "-w",
            "-l",
            folder / "log",
            "-o",
            f"-k {folder} -h '' -c fsync=off",
            "start",
        )
        yield folder
        run(binaries / "pg_ctl", "-D", data, "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def empty_postgres(postgres_server, request):
    """The address of an empty database, as its owner."""
    name = f"t{hashlib.sha256(request.node.nodeid.encode()).hexdigest()[:12]}"
    owner = f"postgresql+psycopg://owner@/{{}}?host={postgres_server}"
    admin = connect(owner.format("postgres"))
    with admin.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
        if not connection.execute(text("SELECT 1 FROM pg_roles WHERE rolname = 'desk'")).scalar():
            connection.execute(text("CREATE ROLE desk LOGIN"))
    yield owner.format(name)
    for engine in (connect(owner.format(name)), admin):
        engine.dispose()


@pytest.fixture
def postgres(empty_postgres):
    """The address of a migrated database, as an ordinary role that row-level security binds."""
    own = connect(empty_postgres)
    migrate(own)
    with transaction(own) as connection:
        connection.execute(
            text("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO desk")
        )
        connection.execute(text("GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO desk"))
    address = empty_postgres.replace("owner@", "desk@")
    yield address
    connect(address).dispose()


def test_postgres_own_barrier_hides_rows_even_without_our_filter(postgres):
    world = casework.make_world(postgres)
    case = casework.opened_case(world)
    engine = world.desk("A-ANAL01").store.engine
    for held, seen in (((COMPARTMENT,), 1), ((), 0), (("OTHER",), 0)):
        with transaction(engine, held) as connection:
            count = connection.execute(
                text("SELECT count(*) FROM stream WHERE id = :id"), {"id": case}
            ).scalar()
            events = connection.execute(
                text("SELECT count(*) FROM event WHERE stream = :id"), {"id": case}
            ).scalar()
        assert (count, bool(events)) == (seen, bool(seen))


def test_postgres_uses_the_spatial_index_behind_the_barrier(postgres):
    engine = connect(postgres)
    with transaction(engine, [COMPARTMENT]) as connection:
        connection.execute(
            text(
                "INSERT INTO stream (id, kind, version, state, resource, on_hold, exercise, box) SELECT 'C-' || i, 'case', 1, "
                "'open', '{}', false, false, ST_MakeEnvelope(x, y, x + 0.1, y + 0.1, 4326) FROM (SELECT i, (i % 300) * 1.0 - 150 "
                "AS x, (i / 300) * 0.5 - 40 AS y FROM generate_series(1, 20000) AS i) AS grid"
            )
        )
        plan = (
            connection
            .execute(text("EXPLAIN SELECT id FROM stream WHERE box && ST_MakeEnvelope(0, 0, 0.2, 0.2, 4326)"))
            .scalars()
            .all()
        )
    assert any("stream_box" in line for line in plan), plan


def test_the_log_of_a_store_verifies_and_one_changed_byte_does_not(tmp_path):
    world = casework.make_world(str(tmp_path))
    casework.opened_case(world)
    with world.desk("A-AUDT01").session() as session:
        rows = session.audit_rows()
    assert chain_faults(rows) == []
    data, leaf, chain = rows[3]
    changed = [*rows[:3], (data.replace(b"A-", b"B-", 1), leaf, chain), *rows[4:]]
    assert chain_faults(changed) == [3]
    assert chain_faults([*rows[:3], *rows[4:]])[0] == 3
    assert chain_faults([*rows[:3], rows[4], rows[3], *rows[5:]])[0] == 3


def test_a_list_shows_exactly_what_a_single_look_allows(world):
    # The narrowing by SQL and the guard agree: for every actor, verb and kind, whatever the marks of a record.
    from plumeline.access import Kind
    from plumeline.access.guard import HiddenError

    cases = [
        casework.opened_case(world, releasable_to=audience)
        for audience in ({casework.PARTNER}, {casework.HOUSE}, set())
    ]
    seen = 0
    asked = [*cases, casework.AGREEMENT, *casework.ROLES]
    for badge in casework.ROLES:
        with world.desk(badge).session() as session:
            for verb, kind in product(Verb, (Kind.CASE, Kind.RULE, Kind.ACTOR)):
                listed = {head.id for head in session.find(kind, verb=verb)}
                for identifier in asked:
                    try:
                        session.need(verb, identifier, kind=kind)
                        allowed = True
                    except HiddenError:
                        allowed = False
                    assert (identifier in listed) == allowed, (badge, verb, kind, identifier)
                    seen += allowed
    assert seen > 20


def test_an_expired_authority_stops_every_step_and_loses_nothing(world):
    case = casework.concluded_case(world)
    before = review.show_case(world.desk("A-ANAL01"), case).case.version
    world.clock.forward(days=401)
    from plumeline.workflows import release

    with pytest.raises(AccessError, match="expired"):
        intake.ingest(
            world.desk("A-ANAL01"),
            casework.survey(),
            authority=casework.AUTHORITY,
            label="late",
            position_sigma_m=1.0,
        )
    with pytest.raises(AccessError):
        release.prepare_release(world.desk("A-RELS01"), case, casework.PARTNER)
    assert review.show_case(world.desk("A-ANAL01"), case).case.version == before
    audits.check_log(world.desk("A-AUDT01"))
