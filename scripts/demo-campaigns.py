#!/usr/bin/env python3
"""Makes the campaigns of the demo: demo/campaigns.csv, demo/touches.csv.gz, demo/visits.csv.gz.

The orders are real, the campaigns are not: nobody sent them. Whoever bought or did not is taken from the orders as they are;
who of them was "treated" is drawn so that the arms differ by a share that is known, and by nothing that was known before:
within tenths of earlier buying, those who bought in time are drawn a little more often. Run again, it writes the same bytes.
"""

import csv
import gzip
import io
import random
from collections import defaultdict
from datetime import datetime, timedelta
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent / 'demo'
WINDOW = timedelta(days=7)
# code, name, channel, goal, first day, days, cost, share withheld, buyers among treated over those among withheld
CAMPAIGNS = [
    ('C1', 'Spring catalogue', 'email', 'win back', '2011-03-07', 10, 420, 0.2, 1.0),
    ('C2', 'Bulk week', 'sms', 'repeat', '2011-05-09', 12, 980, 0.2, 1.7),
    ('C3', 'Summer preview', 'email', 'repeat', '2011-06-20', 6, 310, 0.0, 1.0),
    ('C4', 'Thank you card', 'mail', 'loyalty', '2011-07-18', 10, 1750, 0.1, 1.25),
    ('C5', 'Back to business', 'email', 'repeat', '2011-08-15', 21, 640, 0.5, 1.9),
]
# Search advertising, month by month: nobody is written to, but money is spent.
SEARCH = [('2010-12', 900), ('2011-01', 350), ('2011-02', 700), ('2011-03', 1250), ('2011-04', 500), ('2011-05', 1400),
          ('2011-06', 800), ('2011-07', 450), ('2011-08', 1100)]
COUPON = 'BULK10'
# Messages go out at hours drawn from these; before EARLY they are opened more often.
HOURS = range(9, 17)
EARLY = 11


def orders():
    """Days and times of each customer's orders of which something was bought, and their amount."""
    found = defaultdict(dict)
    with gzip.open(HERE / 'online_retail_2010-12_2011-08.csv.gz', 'rt', encoding='utf-8') as file:
        for row in csv.DictReader(file):
            if not row['CustomerID'] or row['InvoiceNo'].startswith(('C', 'A')):
                continue
            at = datetime.fromisoformat(row['InvoiceDate'])
            amount = float(row['Quantity']) * float(row['UnitPrice'])
            order = found[row['CustomerID']].setdefault(row['InvoiceNo'], [at, 0.0])
            order[0] = min(order[0], at)
            order[1] += amount
    return {who: sorted((at, amount) for at, amount in own.values() if amount > 0) for who, own in found.items()}


def drawn(dice, people, bought, before, withheld, ratio):
    """Who is treated: `ratio` times as many buyers among them as among the withheld, whatever they bought before."""
    share = 1 - withheld
    of_buyers = share * ratio / (share * ratio + withheld)
    ranked = sorted(people, key=lambda who: (before[who], who))
    treated = {}
    for tenth in range(10):
        own = ranked[tenth * len(ranked) // 10:(tenth + 1) * len(ranked) // 10]
        buyers = sum(bought[who] for who in own)
        rate = buyers / max(1, len(own))
        of_others = max(0.0, min(1.0, (share - rate * of_buyers) / max(1e-9, 1 - rate)))
        for who in own:
            treated[who] = dice.random() < (of_buyers if bought[who] else of_others)
    return treated


def main():
    dice = random.Random(20110831)
    hours = random.Random(20110901)
    sold = {who: own for who, own in orders().items() if own}
    begin = min(at for own in sold.values() for at, _ in own)
    end = max(at for own in sold.values() for at, _ in own)
    campaigns, touches, visits = [], [], []

    def visit(who, at, source='', medium='', campaign='', referrer='', page='/'):
        if begin < at < end:
            visits.append(['page_view', at, who, f'v{len(visits)}', f'https://shop.example{page}', referrer, source, medium, campaign])

    for code, name, channel, goal, first, days, cost, withheld, ratio in CAMPAIGNS:
        start = datetime.fromisoformat(first)
        campaigns.append([code, name, channel, goal, first, (start + timedelta(days=days - 1)).date(), f'{cost}.00', f'{withheld}' if withheld else ''])
        people = sorted(who for who, own in sold.items() if own[0][0] < start)
        sent = {}
        for who in people:
            hour = timedelta(days=dice.randrange(days), minutes=HOURS[0] * 60 + dice.randrange(len(HOURS) * 60))
            sent[who] = start + hour
        people = [who for who in people if sent[who] < end]
        bought = {who: any(sent[who] <= at < sent[who] + WINDOW for at, _ in sold[who]) for who in people}
        before = {who: sum(amount for at, amount in sold[who] if sent[who] - timedelta(days=90) <= at < sent[who]) for who in people}
        treated = drawn(dice, people, bought, before, withheld, ratio) if withheld else dict.fromkeys(people, True)
        coupon = COUPON if code == 'C2' else ''
        def chance(at):
            """With which the weekday and the hour of a message were drawn."""
            same = sum((start + timedelta(days=day)).weekday() == at.weekday() for day in range(days))
            return f'{same / days / len(HOURS):.6f}'

        for who in people:
            at, creative = sent[who], dice.choice('AB')
            if not treated[who]:
                touches.append([code, who, at, channel, 'suppressed', 'holdout', '', '', ''])
                continue
            luck, keen = dice.random(), 0.25 if bought[who] else 0.0
            outcome = 'failed' if luck < 0.03 else 'sent' if luck < 0.07 else 'delivered'
            if outcome == 'delivered' and channel != 'mail':
                opened = dice.random() < 0.35 + keen + (0.05 if creative == 'B' else 0)
                clicked = opened and dice.random() < 0.25 + keen
                outcome = 'clicked' if clicked else 'opened' if opened else outcome
                if clicked:
                    visit(who, at + timedelta(minutes=dice.randrange(5, 600)), 'newsletter' if channel == 'email' else 'text', channel, code, '', f'/offers/{code.lower()}')
            if channel != 'mail' and outcome in ('delivered', 'opened'):
                is_turned = hours.random() < 0.4
                if is_turned and (at.hour < EARLY) == (outcome == 'delivered'):
                    outcome = 'opened' if outcome == 'delivered' else 'delivered'
            touches.append([code, who, at, channel, outcome, 'treated', creative, coupon, chance(at)])
            if coupon and bought[who] and outcome not in ('failed', 'sent') and dice.random() < 0.4:
                when = next(when for when, _ in sold[who] if at <= when < at + WINDOW)
                touches.append([code, who, when, channel, 'converted', 'treated', creative, coupon, ''])
    for month, cost in SEARCH:
        first = datetime.fromisoformat(month + '-01')
        last = (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
        campaigns.append([f'S{month}', f'Search {month}', 'search', 'acquire', first.date(), last.date(), f'{cost}.00', ''])
    # People look around before they buy, and without buying.
    for who, own in sorted(sold.items()):
        for at, _ in own:
            if dice.random() < 0.25:
                when = at - timedelta(minutes=dice.randrange(10, 6 * 24 * 60))
                kind = dice.random()
                if kind < 0.4:
                    visit(who, when, 'google', 'search', f'S{when:%Y-%m}')
                elif kind < 0.55:
                    visit(who, when, referrer='https://www.giftblog.example/best-of')
                else:
                    visit(who, when)
        if dice.random() < 0.2:
            when = own[0][0] + (end - own[0][0]) * dice.random()
            visit(who, when, *(('google', 'search', f'S{when:%Y-%m}') if dice.random() < 0.5 else ()))
    write('campaigns.csv', ['campaign_id', 'campaign_name', 'channel', 'goal', 'start_date', 'end_date', 'cost', 'holdout_share'], campaigns)
    write('touches.csv.gz', ['campaign_id', 'member_id', 'sent_at', 'channel', 'outcome', 'arm', 'creative', 'coupon', 'propensity'], sorted(touches, key=lambda row: (row[2], row[1], row[0])))
    write('visits.csv.gz', ['event', 'occurred_at', 'member_id', 'session_id', 'url', 'referrer', 'utm_source', 'utm_medium', 'utm_campaign'], sorted(visits, key=lambda row: (row[1], row[2], row[3])))


def write(name, head, rows):
    text = io.StringIO()
    writer = csv.writer(text, lineterminator='\n')
    writer.writerow(head)
    writer.writerows(rows)
    data = text.getvalue().encode()
    # No time in the file, so that it is the same when made again.
    (HERE / name).write_bytes(gzip.compress(data, 9, mtime=0) if name.endswith('.gz') else data)
    print(name, len(rows))


main()
