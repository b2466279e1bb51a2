"""How many pairs are labelled, by day and by label."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from app.services.labels.progress import progress


def test_nothing_yet(desk):
    found = progress(desk.cursor, "d", 50)
    assert (found.n, found.left, found.share, found.today, found.n_unsure) == (0, 50, 0.0, 0, 0)
    assert found.by_day.empty
    assert found.by_label == {}


def test_labels_against_a_goal(desk):
    desk.say("ann", "u/a", "hard")
    desk.say("ann", "u/b", "noisy")
    desk.say("ann", "u/b", "hard")  # counts once
    desk.say("ann", "u/c", "unsure")
    desk.say("ann", "u/d", "hard")
    desk.undo()
    desk.say("bob", "u/a", "noisy")
    mine = progress(desk.cursor, "d", 8, " ann ")
    assert (mine.n, mine.goal, mine.left, mine.share, mine.n_unsure) == (2, 8, 6, 0.25, 1)
    assert mine.by_label == {"hard": 2, "unsure": 1}
    everybody = progress(desk.cursor, "d", 1)
    assert everybody.by_label == {"hard": 1, "noisy": 1, "unsure": 1}
    assert (everybody.n, everybody.left, everybody.share) == (2, 0, 1.0)


def test_days_are_those_of_utc(desk):
    desk.say("ann", "u/a", "hard")
    desk.say("ann", "u/b", "hard")
    desk.say("ann", "u/c", "unsure")
    desk.cursor.execute(
        "UPDATE label_event SET \"at\" = '2030-01-01 23:59:59+00' WHERE item_id = 'a'"
    )
    desk.cursor.execute(
        "UPDATE label_event SET \"at\" = '2030-01-02 00:30:00+00' WHERE item_id > 'a'"
    )
    found = progress(desk.cursor, "d", 5, "ann", today=date(2030, 1, 2))
    assert found.today == 1
    days = [(f"{day:%Y-%m-%d}", label, n) for day, label, n in found.by_day.to_numpy().tolist()]
    assert days == [
        ("2030-01-01", "hard", 1),
        ("2030-01-02", "hard", 1),
        ("2030-01-02", "unsure", 1),
    ]
    assert progress(desk.cursor, "d", 5, today=(datetime.now(UTC) + timedelta(3)).date()).today == 0
