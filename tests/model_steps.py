"""What may happen in a sequence of model.py: the table of steps, and what each does and checks.

An action gets the stage, the session, the name and a random generator of its own, and says by a
Failure what is wrong. The stage compares the disk with the world behind every step.
"""
import re
import time

from model_world import NAMES, NOTHING, Failure, Inconclusive, Stream, Upload, brief, describe

LARGE = 300_000


# -------------------------------------------------------------------- uploads

def length(rng, config):
    """How many bytes an upload has."""
    kind = rng.random()
    if kind < 0.05:
        return rng.randrange(2)
    return rng.randrange(60000, LARGE) if kind > 0.97 and not config.quota else rng.randrange(2, 90)


def forget_announced(session):
    """What REST or ALLO said before is not for the transfer that comes now."""
    if session.announced:
        session.ask("PWD", "257")


def say_something(session, rng):
    """What clients say between REST or ALLO and the transfer, and changes nothing."""
    if rng.random() < 0.3:
        session.ask(*rng.choice((("NOOP", "200"), ("TYPE I", "200"), ("FEAT", "211"))))


def begin(stage, session, upload, rng, rival=False):
    """Up to the open data connection. False: it was refused."""
    forget_announced(session)
    data = session.passive(rng)
    if rival:
        session.rival(data.getpeername())
    if upload.total is not None:
        session.ask(f"ALLO {upload.total}", "200")
    if upload.rest:
        session.ask(f"REST {upload.rest}", "350")
    say_something(session, rng)
    code, text = session.ask(f"{upload.verb} {upload.name}")
    if code != 150:
        data.close()
        forget_plans(session, upload.name)  # it has been told: it would look again
        refused(stage, session, upload, code, text)
        return False
    upload.data, upload.touched = data, time.monotonic()
    session.upload = upload
    stage.world.begin(upload, session.shown.get(upload.name, []))
    return True


def is_sure(stage, upload):
    """Is there nothing that it could be refused for?"""
    world = stage.world
    if world.config.quota:
        return False
    if upload.is_fresh():
        return world.config.policy != "refuse" or upload.name not in world.files
    if world.clock != upload.began:
        return False  # something came between, or it has not begun
    if upload.goes_on() or upload.rest:
        free = world.config.policy == "replace" or upload.name not in world.files
        return free and upload.seen == upload.began - 1 and (world.config.keeps and world.config.sees)
    return upload.verb == "APPE" and world.config.appends and not upload.shown_partials()


def refused(stage, session, upload, code, text):
    """An upload that ended properly was refused, before its first byte or behind its last."""
    stage.count("refused")
    if code < 400:
        raise Failure(6, f"the reply to {upload.verb}", "150, 226, or a refusal", text)
    stage.check(f"{upload.verb} {upload.name} was refused")
    if code == 426 and upload.is_fresh():
        refused_as_short(stage, session, upload, text)
    elif is_sure(stage, upload):
        raise Failure(1, f"{upload.verb} {upload.name} was refused without a reason", "226", text)


def refused_as_short(stage, session, upload, text):
    lost = session.lost.pop(upload.name, 0)
    if lost <= upload.sent or not stage.config.keeps:
        was = f"{lost} bytes had come of a broken one" if lost else "none was broken since the last such refusal"
        raise Failure(5, f"a file of {upload.sent} bytes was refused, and {was}", "226", text)
    stage.count("refused as shorter")


def note_lost(session, upload, left):
    came = max([len(partial.data) for partial in left] + [0]) + (upload.sent > 0)
    session.lost[upload.name] = max(session.lost.get(upload.name, 0), came, upload.sent)


def acknowledged(stage, upload, text):
    stage.lie()
    world = stage.world
    name = world.acknowledge(upload, stage.disk())
    told = re.search(r"FILE: (\S+)", text)
    if told and told[1] != name:
        raise Failure(1, "the reply tells another name", name, text)
    stage.count("resumed" if upload.goes_on() else "extended" if upload.rest else
                "stored" if upload.verb == "STOR" else "appended")


def ended(stage, session, code, text, broken=False, stalls=False):
    """The reply to an upload. broken: it was not ended properly; stalls: because it stood still."""
    upload, session.upload = session.upload, None
    upload.data.close()
    forget_plans(session, upload.name)
    if "no data came" in text and stage.config.stalls and not stalls:
        raise Inconclusive("an open upload has stalled")
    if code == 226:
        if broken and not upload.all_came():
            raise Failure(1, f"a broken {upload.verb} of {upload.name} was acknowledged", "a refusal", text)
        session.lost.pop(upload.name, None)
        acknowledged(stage, upload, text)
        return
    left = stage.world.left(upload)
    if broken:
        stage.check("an upload was broken")
    else:
        refused(stage, session, upload, code, text)
    if broken or code != 426:
        note_lost(session, upload, left)
    stage.world.interrupt(upload, broken)


def end(stage, session, _name=None, _rng=None):
    upload = session.upload
    if upload.total is not None:
        session.send(upload.total - upload.sent)
    session.done()
    ended(stage, session, *session.reply())


def end_at_gate(stage, session, _name, rng):
    """The same where the gate refuses, or puts the client off, if it comes to that."""
    upload, status = session.upload, rng.choice((1, 1, 75))
    stage.let_gate_say(status)
    if upload.total is not None:
        session.send(upload.total - upload.sent)
    session.done()
    code, text = session.reply()
    if not stage.gate_has_said():
        ended(stage, session, code, text)
        return
    session.upload = None
    upload.data.close()
    forget_plans(session, upload.name)
    session.lost.pop(upload.name, None)
    stage.check("the gate has not let an upload in")
    if status == 1:
        if code != 550:
            raise Failure(6, "the gate refused an upload", "550", text)
        stage.world.turn_away(upload)
    elif code == 451:
        note_lost(session, upload, stage.world.left(upload))
        stage.world.interrupt(upload, True)
    elif code == 550:
        stage.world.interrupt(upload, False)
    else:
        raise Failure(6, "the gate put a client off", "451 or 550", text)
    stage.count("not let in")


def may_meet_gate(stage, session, name):
    return stage.config.gate and is_open(stage, session, name)


def whole(stage, session, upload, rng, count):
    if rng.random() < 0.6:
        upload.total = count
    if begin(stage, session, upload, rng):
        session.send(count)
        end(stage, session)


def opened(stage, session, upload, rng):
    """Begun, with some bytes, and left open."""
    if rng.random() < 0.4 and not stage.config.stalls:
        upload.total = rng.randrange(2, 90)
    if begin(stage, session, upload, rng):
        most = upload.total if upload.total is not None else 60
        session.send(rng.randrange(0, most) if rng.random() < 0.9 else 0)


def new_upload(stage, verb, name):
    return Upload(verb, name, Stream(stage.tag, "\n" if verb == "APPE" else "-"))


def store_whole(stage, session, name, rng):
    whole(stage, session, new_upload(stage, "STOR", name), rng, length(rng, stage.config))


def store_open(stage, session, name, rng):
    opened(stage, session, new_upload(stage, "STOR", name), rng)


def append_whole(stage, session, name, rng):
    whole(stage, session, new_upload(stage, "APPE", name), rng, length(rng, stage.config))


def append_open(stage, session, name, rng):
    opened(stage, session, new_upload(stage, "APPE", name), rng)


def append_listed(stage, session, name, rng):
    look_list(stage, session, name, rng)
    append_whole(stage, session, name, rng)


def send_more(_stage, session, _name, rng):
    upload = session.upload
    most = 60 if upload.total is None else upload.total - upload.sent
    session.send(rng.randrange(1, most + 1))


def may_send(stage, session, name):
    return is_open(stage, session, name) and not session.upload.all_came()


# -------------------------------------------------------------------- inline, without waiting

def begin_burst(stage, session, rng):
    """In a new session, which has no data connections. Returns it and the uploads, whose bytes are all
    different, and on their way."""
    session.quit()
    stage.replace(session)
    session, uploads = stage.sessions[session.label[0]], []
    for number in range(rng.randint(1, 6)):
        upload = Upload("STOR", rng.choice(NAMES), Stream(f"{stage.tag}00{number}"))
        upload.total = rng.randrange(8, 90)
        uploads.append(upload)
    session.burst(uploads)
    return session, uploads


def disks_between(stage, uploads, disk):
    """What the disk held after each upload of a burst, if it holds that after the last one: a name that
    is not there any more was replaced by a later one."""
    between = stage.believed()
    for upload in uploads:
        names = [name for name in disk if disk[name] == upload.payload()]
        between = between | {(names or [upload.name])[0]: upload.payload()}
        yield between


def burst(stage, session, _name, rng):
    session, uploads = begin_burst(stage, session, rng)
    stored, is_over = [], False
    for upload in uploads:
        session.expect("200")
        code, text = session.reply()
        is_over = code != 150
        code, text = (code, text) if is_over else session.reply()
        stored.append((upload, code, text))
        if is_over:
            break
    if is_over:
        session.replies_to_end()
        session.wait()
        stage.replace(session)
    settle_burst(stage, stored)


def settle_burst(stage, replied):
    """Each in its turn: it was stored, or refused."""
    stage.count("bursts")
    disk = stage.disk()
    disks = disks_between(stage, [upload for upload, code, _ in replied if code == 226], disk)
    for upload, code, text in replied:
        stage.world.begin(upload, [])
        if code == 226:
            stage.world.acknowledge(upload, next(disks))
            stage.count("stored")
        elif code < 400 or code == 426 or is_sure(stage, upload):
            raise Failure(1, f"{upload.verb} {upload.name} was refused without a reason", "226", text)
        else:
            stage.count("refused")
    stage.check("a burst is over")


def burst_killed(stage, session, _name, rng):
    """What was acknowledged is there; of the others the first ones may be."""
    session, uploads = begin_burst(stage, session, rng)
    for _ in range(rng.randint(0, 3 * len(uploads))):
        if session.reply_or_end() is None:
            break
    session.signal("KILL")
    codes = [int(line.split("< ")[1][:3]) for line in stage.trace_of(session) if "] < " in line]
    codes += session.replies_to_end()
    session.wait(-9)
    stage.replace(session)
    stage.count("killed")
    stage.left_by_bursts += 2 * len(uploads)
    for upload in uploads:
        stage.world.begin(upload, [])
    disk, done = stage.disk(), codes.count(226)
    for count in range(done, len(uploads) + 1):
        *_, last = stage.believed(), *disks_between(stage, uploads[:count], disk)
        if last == disk:
            break
    else:
        raise Failure(1, f"a burst was killed after {done} replies 226", "the first of its files", str(disk))
    for number, between in enumerate(disks_between(stage, uploads[:count], disk)):
        stage.world.acknowledge(uploads[number], between, evicts=number < done)


# -------------------------------------------------------------------- broken uploads

def store_contested(stage, session, name, rng):
    """Whose the bytes are is not known."""
    upload = new_upload(stage, "STOR", name)
    if not begin(stage, session, upload, rng, rival=True):
        return
    session.send(rng.randrange(1, 60))  # an empty file could not be told from a probe
    session.done()
    code, text = session.reply()
    session.upload = None
    upload.data.close()
    forget_plans(session, name)
    if code == 226:
        raise Failure(1, f"an upload of {name} that may be somebody else's was acknowledged", "426", text)
    stage.count("contested")
    stage.check("an upload was contested")
    stage.world.contest(upload)


def break_reset(stage, session, _name, _rng):
    session.drain()
    session.reset()
    ended(stage, session, *session.reply(), broken=True)


def break_abort(stage, session, _name, _rng):
    session.drain()
    session.say("ABOR")
    code, text = session.reply()
    session.expect("22[56]")
    ended(stage, session, code, text, broken=True)


def break_short(stage, session, _name, _rng):
    session.done()
    ended(stage, session, *session.reply(), broken=True)


def may_be_short(_stage, session, _name):
    upload = session.upload
    return bool(upload and upload.is_fresh() and upload.total is not None and upload.sent < upload.total)


def break_stall(stage, session, _name, _rng):
    session.note("waits until it has stalled")
    while not session.has_reply():
        stage.touch_others(session)
        time.sleep(0.02)
    ended(stage, session, *session.reply(), broken=True, stalls=True)


def may_stall(stage, session, name):
    return stage.config.stalls and is_open(stage, session, name)


def vanished(stage, session, surely):
    """The session has gone without a reply to its upload: perhaps it was stored, perhaps not."""
    upload, session.upload, disk, world = session.upload, None, stage.disk(), stage.world
    stage.replace(session)
    if not upload:
        stage.check("an idle session has gone")
    elif disk != stage.believed() and (not surely or upload.all_came()):
        world.acknowledge(upload, disk, evicts=False)
    else:
        stage.check("an upload was broken")
        world.interrupt(upload, surely)


def kill(stage, session, _name, _rng):
    session.signal("KILL")
    session.wait(-9)
    stage.count("killed")
    upload, session.upload = session.upload, None
    if upload:
        stage.settle(upload)
    disk = stage.disk()
    stage.replace(session)
    if upload and upload.all_came() and disk != stage.believed():
        stage.world.acknowledge(upload, disk, evicts=False)
        return
    stage.check("a handler was killed")
    if upload:
        stage.world.give_back(upload)


def terminate(stage, session, _name, _rng):
    if session.upload:
        session.drain()
    session.signal("TERM")
    after_term(stage, session, surely=True)


def after_term(stage, session, surely):
    codes = session.replies_to_end()
    stage.count("terminated")
    session.wait()
    if 226 in codes and session.upload:
        session.shown = {}
        upload, session.upload = session.upload, None
        stage.replace(session)
        if surely and not upload.all_came():
            raise Failure(1, "an upload that SIGTERM broke was acknowledged", "421", str(codes))
        acknowledged(stage, upload, "")
    else:
        vanished(stage, session, surely)


def leave(stage, session, _name, rng):
    """The control connection first, and so nobody can have heard of a 226; or the data connection."""
    surely = True
    if session.upload:
        surely = rng.random() < 0.6
        if not surely:
            session.done()
    session.leave()
    if session.upload and surely:
        session.done()
    session.wait()
    stage.count("left")
    vanished(stage, session, surely)


def race(stage, session, _name, rng):
    """The last byte has been sent; the handler ends before there was a reply, or behind that."""
    upload = session.upload
    if upload.total is not None:
        session.send(upload.total - upload.sent)
    ends_by_itself = rng.random() < 0.4
    if ends_by_itself:
        session.drain()  # else nobody knows how much of it is kept
    session.done()
    time.sleep(rng.choice((0, 0, 0.001, 0.005, 0.02)))
    if ends_by_itself:
        session.signal("TERM")
        after_term(stage, session, surely=False)
        return
    session.signal("KILL")
    session.wait(-9)
    stage.count("killed")
    codes = session.replies_to_end()
    stage.settle(upload)
    if 226 in codes:
        upload, session.upload = session.upload, None
        stage.replace(session)
        stage.world.acknowledge(upload, stage.disk(), evicts=False)
    else:
        vanished(stage, session, surely=False)


# -------------------------------------------------------------------- looks

def shown(stage, session, name, size, how):
    """A client was told that size; None: that there is nothing. Returns what that may have been."""
    views = stage.world.views(name)
    found = [view for view in views if view is NOTHING and size is None or
             view is not NOTHING and size == len(view.data)]
    if not found:
        raise Failure(2, f"{how} of {name}", describe(views), "nothing" if size is None else f"{size} bytes")
    if all(view.kind == "partial" for view in found):
        stage.count("partials shown")
    session.shown[name] = found
    session.plans.pop(name, None)
    return found


def look_size(stage, session, name, _rng=None):
    code, text = session.ask("SIZE " + name)
    if code not in (213, 550):
        raise Failure(6, f"SIZE of {name}", "213 or 550", text)
    size = int(text[4:]) + stage.lies_about_size() if code == 213 else None
    return shown(stage, session, name, size, "SIZE")


def look_mlst(stage, session, name, _rng):
    code, text = session.ask("MLST " + name)
    if code not in (250, 550):
        raise Failure(6, f"MLST of {name}", "250 or 550", text)
    size = int(re.search(r"(?i)size=(\d+);", text)[1]) if code == 250 else None
    shown(stage, session, name, size, "MLST")


def read_listing(verb, text):
    """name -> size"""
    listing = {}
    for line in text.splitlines():
        if verb == "MLSD":
            name, size = line.partition(" ")[2], re.search(r"(?i)size=(\d+);", line)[1]
        else:
            name, size = line.split()[-1], line.split()[4]
        if name in listing:
            raise Failure(2, verb, "each name once", text)
        listing[name] = int(size)
    return listing


def look_list(stage, session, _name, rng):
    verb = rng.choice(("MLSD", "LIST"))
    data = session.passive(rng)
    session.ask(verb, "150")
    text = session.read(data).decode("ascii", "backslashreplace")
    session.expect("226")
    listing = read_listing(verb, text)
    names = set(stage.world.partials) | set(listing)
    if stage.config.sees:
        names |= set(stage.world.files)
    for name in sorted(names):
        shown(stage, session, name, listing.get(name), verb)


def announce(_stage, session, _name, rng):
    """For a transfer that does not come."""
    count = rng.randrange(1, 90)
    session.ask(*rng.choice(((f"REST {count}", "350"), (f"ALLO {count}", "200"))))


def look_retr(stage, session, name, rng):
    forget_announced(session)
    views, data = stage.world.views(name), session.passive(rng)
    code, text = session.ask("RETR " + name)
    if code == 150:
        got = session.read(data)
        session.expect("226")
        if got not in [view.data for view in views if view.kind == "file"]:
            raise Failure(2, f"RETR of {name}", describe(views), brief(got))
        return
    data.close()
    if code != 550 or all(view.kind == "file" for view in views):
        raise Failure(2, f"RETR of {name}", describe(views), text)


# -------------------------------------------------------------------- going on

def plan(stage, session, name, rng):
    """A look, and what its client makes of that. None: it cannot know itself what it was shown."""
    rng.choice((look_size, look_size, look_mlst, look_list))(stage, session, name, rng)
    views = session.shown[name]
    if len({(view.data, view.kind) for view in views}) > 1:
        stage.count("ambiguous")
        return None
    how = rng.choice(("APPE", "STOR"))  # as curl and as lftp do
    session.plans[name] = how, views[0], stage.world.clock
    return views[0]


def planned_upload(stage, session, name):
    how, view, seen = session.plans.pop(name)
    size, partial = len(view.data), view.partial
    rest = size if how == "STOR" else 0
    if view is NOTHING or (how == "STOR" and partial and not size):  # it says no REST
        upload = new_upload(stage, "STOR", name)
    elif partial:
        upload = Upload(how, name, partial.stream, partial.stop, view, rest)
    else:
        upload = Upload(how, name, Stream(stage.tag), size, view, rest)
    upload.seen = seen
    return upload


def plan_alone(stage, session, name, rng):
    plan(stage, session, name, rng)


def go_whole(stage, session, name, rng):
    whole(stage, session, planned_upload(stage, session, name), rng, rng.randrange(1, 60))


def go_open(stage, session, name, rng):
    opened(stage, session, planned_upload(stage, session, name), rng)


def resume_whole(stage, session, name, rng):
    if plan(stage, session, name, rng):
        go_whole(stage, session, name, rng)


def resume_open(stage, session, name, rng):
    if plan(stage, session, name, rng):
        go_open(stage, session, name, rng)


def has_plan(stage, session, name):
    return is_free(stage, session, name) and name in session.plans


def has_partial(stage, name):
    world = stage.world
    return any(partial.data and world.may_show(name, partial) for partial in world.partials.get(name, ()))


# -------------------------------------------------------------------- other changes by clients

def rename_from(stage, session, name, _rng):
    code, text = session.ask("RNFR " + name)
    if code == 350 and not stage.world.sources(name):
        raise Failure(2, "RNFR of what is not there", "550", text)
    session.renaming = name if code == 350 else None
    if code not in (350, 550):
        raise Failure(6, f"RNFR of {name}", "350 or 550", text)


def rename_to(stage, session, name, _rng):
    old, session.renaming = session.renaming, None
    code, text = session.ask("RNTO " + name)
    if code == 250:
        stage.lie()
        stage.world.acknowledge_rename(old, name, stage.disk())
        forget_plans(session, old, name)
        stage.count("renamed")
    elif code < 400:
        raise Failure(6, f"RNTO {name}", "250 or a refusal", text)
    else:
        stage.check(f"RNTO {name} was refused")


def forget_plans(session, *names):
    """What a client has changed itself it does not go on with."""
    for name in names:
        session.plans.pop(name, None)


def rename(stage, session, name, rng):
    rename_from(stage, session, name, rng)
    if session.renaming:
        rename_to(stage, session, "y" if name == "x" else "x", rng)


def may_rename_to(stage, session, name):
    return is_free(stage, session, name) and session.renaming not in (None, name)


def delete(stage, session, name, rng):
    seen = look_size(stage, session, name) if rng.random() < 0.5 else None
    code, text = session.ask("DELE " + name)
    if code == 250:
        stage.world.acknowledge_delete(name, stage.disk(), seen)
        stage.world.tick()
        forget_plans(session, name)
        stage.count("deleted")
    elif code < 400:
        raise Failure(6, f"DELE {name}", "250 or a refusal", text)
    else:
        stage.check(f"DELE {name} was refused")


def make_folder(stage, session, _name, _rng):
    """A folder, which counts to the quota, comes and goes."""
    code, text = session.ask("MKD folder")
    if code == 257:
        stage.check_count()
        code, text = session.ask("RMD folder")
        stage.count("folders made and removed")
        if code != 250:
            raise Failure(6, "RMD of a folder that was just made", "250", text)
    elif code != 552:
        raise Failure(6, "MKD", "257, or 552 in a full home", text)


def may_make_folder(stage, session, name):
    return is_free(stage, session, name) and stage.config.quota and "mkdir" in stage.config.allow


def leave_by_quit(stage, session, _name, _rng):
    session.quit()
    stage.replace(session)


# -------------------------------------------------------------------- programs on the disk

def take_away(stage, _session, name, _rng):
    stage.take(name)
    stage.count("taken away")


def put(stage, _session, name, rng):
    """A file is renamed over what has the name: just written, or long ago; or it has been there
    before."""
    age = rng.choice((0, 0, 1, 100_000, 50_000_000, -3600))
    where = rng.random()
    if stage.away and where < 0.25:
        stage.put_back(name, rng.randrange(len(stage.away)), age)
    elif stage.old and where < 0.6:
        stage.put_old(name, age)
    else:
        stage.put_new(name, Stream("p" + stage.tag).cut(0, length(rng, stage.config)), age)
    stage.count("replaced on the disk")


def may_take(stage, _session, name):
    return name in stage.world.files


def may_put(stage, _session, _name):
    return not stage.config.quota


# -------------------------------------------------------------------- the table

def is_free(_stage, session, _name):
    return session.upload is None


def may_be_killed_in_burst(stage, session, name):
    """Where it is known what each upload comes to."""
    return is_free(stage, session, name) and stage.config.policy == "replace" and not stage.config.quota


def is_open(_stage, session, _name):
    return session.upload is not None


def always(_stage, _session, _name):
    return True


class Row:
    """of: whose step it is: of a session and a name, of a session, or of the disk and a name
    likes: for which names it is done most of the time
    """

    def __init__(self, name, weight, when, action, of="both", likes=None):
        self.name, self.weight, self.when, self.action = name, weight, when, action
        self.of, self.likes = of, likes


TABLE = [
    Row("STOR", 7, is_free, store_whole),
    Row("STOR begins", 12, is_free, store_open),
    Row("APPE without a look", 6, is_free, append_whole),
    Row("APPE without a look begins", 4, is_free, append_open),
    Row("APPE behind a listing", 4, is_free, append_listed, likes=has_partial),
    Row("some inline at once", 5, is_free, burst, "session"),
    Row("some inline at once, and SIGKILL", 1, may_be_killed_in_burst, burst_killed, "session"),
    Row("more bytes", 6, may_send, send_more, "session"),
    Row("its end", 10, is_open, end, "session"),
    Row("its end, and the gate does not let it in", 6, may_meet_gate, end_at_gate, "session"),
    Row("reset", 8, is_open, break_reset, "session"),
    Row("ABOR", 4, is_open, break_abort, "session"),
    Row("fewer bytes than announced", 5, may_be_short, break_short, "session"),
    Row("stall", 8, may_stall, break_stall, "session"),
    Row("SIGKILL", 2, always, kill, "session"),
    Row("SIGTERM", 2, always, terminate, "session"),
    Row("the control connection is closed", 3, always, leave, "session"),
    Row("STOR, and another connection to its port", 3, is_free, store_contested),
    Row("its end and a signal", 4, is_open, race, "session"),
    Row("SIZE", 5, is_free, look_size),
    Row("MLST", 3, is_free, look_mlst),
    Row("listing", 4, is_free, look_list, "session"),
    Row("RETR", 3, is_free, look_retr),
    Row("REST or ALLO alone", 6, is_free, announce, "session"),
    Row("goes on", 10, is_free, resume_whole, likes=has_partial),
    Row("begins to go on", 8, is_free, resume_open, likes=has_partial),
    Row("a look, to go on later", 6, is_free, plan_alone, likes=has_partial),
    Row("goes on now", 16, has_plan, go_whole),
    Row("begins to go on now", 8, has_plan, go_open),
    Row("RNFR", 4, is_free, rename_from),
    Row("RNTO", 12, may_rename_to, rename_to),
    Row("RNFR and RNTO", 3, is_free, rename),
    Row("DELE", 5, is_free, delete),
    Row("MKD and RMD", 3, may_make_folder, make_folder, "session"),
    Row("QUIT", 2, is_free, leave_by_quit, "session"),
    Row("a program takes it away", 4, may_take, take_away, "disk"),
    Row("a program replaces it", 4, may_put, put, "disk"),
]
ROWS = {row.name: row for row in TABLE}
