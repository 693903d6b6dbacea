"""`schedctl import`, used by a person who comes from cron."""

from __future__ import annotations

from pathlib import Path

from tests.system.programs import schedctl

CRONTAB = "MAILTO=ops@example.com\n# say hello\n*/5 * * * * echo hello\nnonsense\n"


def test_a_crontab_becomes_a_file_that_checks_and_what_is_lost_is_reported_by_line(tmp_path: Path) -> None:
    crontab = tmp_path / "crontab"
    crontab.write_text(CRONTAB)
    ended = schedctl("import", crontab, "--timezone", "Europe/Berlin")
    assert ended.returncode == 0
    assert f"{crontab}:1: refused: MAILTO=ops@example.com" in ended.stderr
    assert f"{crontab}:4: refused: nonsense" in ended.stderr
    assert ended.stderr.endswith(f"imported 1 job from {crontab} (format: crontab): 0 noted, 2 refused\n")
    file = tmp_path / "schedules.yaml"
    file.write_text(ended.stdout)
    assert schedctl("check", "--strict", file).returncode == 0
    listed = schedctl("-c", file, "list").stdout
    assert "echo" in listed
    assert "*/5 * * * *" in listed
    manual = schedctl("-c", file, "run-now", "echo")
    assert (manual.returncode, manual.stdout) == (0, "hello\n")


def test_it_writes_a_file_only_where_there_is_none(tmp_path: Path) -> None:
    crontab, file = tmp_path / "crontab", tmp_path / "schedules.yaml"
    crontab.write_text(CRONTAB)
    assert schedctl("import", crontab, "-o", file).returncode == 0
    before = file.read_text()
    again = schedctl("import", crontab, "-o", file)
    message = f"schedctl: {file} already exists; nothing was written; to overwrite it: --force\n"
    assert (again.returncode, again.stderr) == (5, message)
    assert file.read_text() == before
    crontab.write_text("0 4 * * * dump\n")
    assert schedctl("import", crontab, "-o", file, "--force").returncode == 0
    assert "dump:" in file.read_text()


def test_a_directory_is_the_files_that_its_scheduler_reads(tmp_path: Path) -> None:
    crontabs = tmp_path / "cron.d"
    crontabs.mkdir()
    for name in ("dump", "dump.dpkg-old", ".placeholder", "job.cron", "poll"):
        (crontabs / name).write_text(f"0 4 * * * root /usr/bin/{name}\n")
    (crontabs / "notes").write_text("nothing to see\n")
    ended = schedctl("import", crontabs)
    assert (ended.returncode, ended.stdout.count("command:")) == (0, 2)
    assert f"{crontabs}/notes: refused: file\n" in ended.stderr
    for name in ("dump.dpkg-old", "job.cron"):
        why = "not read: Debian's cron ignores a file with this name; to import it, give its path"
        assert f"{crontabs}/{name}: noted: file\n  {why}\n" in ended.stderr
    assert ended.stderr.endswith(f"imported 2 jobs from {crontabs} (format: crontab): 2 noted, 1 refused\n")


def test_cronie_reads_more_files_of_cron_d(tmp_path: Path) -> None:
    crontabs = tmp_path / "cron.d"
    crontabs.mkdir()
    for name in ("0hourly", "site.example.com", "dump.rpmsave", "dump~", "#dump#", ".dump"):
        (crontabs / name).write_text("0 4 * * * root /usr/bin/dump\n")
    ended = schedctl("import", "--dialect", "cronie", crontabs)
    assert (ended.returncode, ended.stdout.count("command:")) == (0, 2)
    left = [line.removesuffix(": noted: file") for line in ended.stderr.splitlines() if line.endswith(": noted: file")]
    assert left == [f"{crontabs}/{name}" for name in ("#dump#", "dump.rpmsave", "dump~")]


def test_a_directory_of_manifests_leaves_out_backups_with_a_note(tmp_path: Path) -> None:
    for name in ("jobs.crontab", "jobs.crontab~"):
        (tmp_path / name).write_text("0 4 * * * dump\n")
    ended = schedctl("import", tmp_path)
    assert (ended.returncode, ended.stdout.count("command:")) == (0, 1)
    why = "not read: a file with this name is left out; to import it, give its path"
    assert f"{tmp_path}/jobs.crontab~: noted: file\n  {why}\n" in ended.stderr


def test_a_directory_of_units_is_its_timers_with_their_services(tmp_path: Path) -> None:
    units = tmp_path / "system"
    units.mkdir()
    (units / "dump.timer").write_text("[Timer]\nOnCalendar=02:30\n")
    for name in ("dump", "sshd"):
        (units / f"{name}.service").write_text(f"[Service]\nExecStart=/usr/bin/{name}\n")
    ended = schedctl("import", units)
    assert (ended.returncode, "dump:" in ended.stdout, "sshd" in ended.stdout) == (0, True, False)
    (units / "dump.timer").unlink()
    nothing = schedctl("import", units)
    assert nothing.returncode == 2
    assert nothing.stderr == f"schedctl: {units}: this directory has no timers, crontabs or manifests\n"


def test_input_after_a_percent_reaches_the_command(tmp_path: Path) -> None:
    crontab, file = tmp_path / "crontab", tmp_path / "schedules.yaml"
    crontab.write_text("@daily cat; echo end%Dear me,%it is 50\\% done.\n")
    assert schedctl("import", crontab, "-o", file).returncode == 0
    assert schedctl("-c", file, "run-now", "cat").stdout == "Dear me,\nit is 50% done.\nend\n"


def test_users_have_their_column_and_a_zone_must_exist(tmp_path: Path) -> None:
    crontab = tmp_path / "crontab"
    crontab.write_text("* * * * * nobody-here x\n* * * * * root y\n")
    guessed = schedctl("import", crontab)
    assert "user: nobody-here" in guessed.stdout
    assert "if it has none, use --user" in guessed.stderr
    given = schedctl("import", crontab, "--system")
    assert "user: nobody-here" in given.stdout
    assert "use --user" not in given.stderr
    assert "user:" not in schedctl("import", crontab, "--user").stdout
    both = schedctl("import", crontab, "--system", "--user")
    assert (both.returncode, both.stdout) == (2, "")
    wrong = schedctl("import", crontab, "--timezone", "Mars/Phobos")
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert "unknown time zone 'Mars/Phobos'" in wrong.stderr
    assert "  timezone: UTC\n" in schedctl("import", crontab, TZ="CET-1CEST,M3.5.0").stdout.replace("Etc/UTC", "UTC")


def test_strict_fails_when_a_line_was_refused(tmp_path: Path) -> None:
    """F16."""
    crontab = tmp_path / "crontab"
    crontab.write_text(CRONTAB)
    strict = schedctl("import", crontab, "--strict")
    assert (strict.returncode, "echo hello" in strict.stdout) == (1, True)
    crontab.write_text("*/5 * * * * echo hello%\n")
    assert schedctl("import", crontab, "--strict").returncode == 0


def test_no_converted_job_is_a_failure_and_a_missing_file_is_an_error(tmp_path: Path) -> None:
    crontab = tmp_path / "crontab"
    crontab.write_text("nonsense\n")
    unknown = schedctl("import", crontab)
    assert (unknown.returncode, "not a format that can be imported" in unknown.stderr) == (1, True)
    assert schedctl("import", crontab, "--from", "crontab").returncode == 1
    crontab.write_text("# nothing\n")
    assert schedctl("import", crontab).returncode == 0
    missing = schedctl("import", tmp_path / "none")
    assert missing.returncode == 2
    assert "No such file" in missing.stderr
    assert "Traceback" not in missing.stderr
    endless = schedctl("import", "/dev/zero")
    assert (endless.returncode, endless.stderr) == (2, "schedctl: /dev/zero: larger than 16 MiB\n")


def test_a_user_column_and_supercronic_exclude_each_other(tmp_path: Path) -> None:
    (tmp_path / "crontab").write_text("0 5 * * * date\n")
    done = schedctl("import", tmp_path / "crontab", "--system", "--dialect", "supercronic")
    assert done.returncode == 2
    assert "--system and --dialect supercronic exclude each other" in done.stderr
