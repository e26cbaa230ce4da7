"""``why``: where a number of a study comes from, from the printed cell back to the rows and files that made it.

Two files of every run hold what is said; ``why`` reads them and runs nothing again, but for what they do not hold.

``samples.parquet``
    One row for each row of the prepared main panel of each version: ``version``, the panel's keys (unit, then time),
    and a boolean column ``s1``, ``s2``, … for each distinct sample; null in versions that the sample is not of. Models
    of another panel have theirs in ``samples-PANEL.parquet``.

``why.json`` (``format`` 1)
    ``versions``
        Names, ``default`` first.
    ``columns``
        By version, then by address (``t3.c2``, ``t4.p2.c1`` in panels, ``f1.c1`` of a figure): ``table``,
        ``column`` (as in ``results.csv``), ``at`` (``study.yaml:96``), ``outcome``, ``formula`` as run,
        ``effects``, ``clusters``, ``vcov``, ``ssc``, ``distribution``, ``df``, ``stars`` (cut-offs), ``glance`` (n,
        r2, …), ``funnel`` (``offered``, ``drops`` with reason and rows, ``n``), ``sample`` (a column of the parquet
        file; absent where rows are not known), ``coefficients`` (term: estimate, std_error, statistic, p_value,
        conf_low, conf_high), ``variables`` (role, name and ``of``: ids), ``model`` (as planned: where, samples,
        split, weights, estimator, options, prepare) and ``extra``.
    ``tables``
        By version, then by id, figures too: ``kind`` (of its step), ``at``, ``digest``, ``params``, ``panels``,
        ``model``, ``variables``.
    ``cells``
        Every number of the default version and of the tables across versions, by address: ``table``, ``kind``,
        ``value``, ``printed``, ``stars``, ``upper``, ``about``. Numbers of other versions stand in ``results.csv``
        and ``values.csv``.
    ``panels``
        By id: name, ``keys``, ``rows``, ``events`` (kind, message, rows before and after), ``fills``.
    ``variables``, ``sources``
        By id: ``name``, ``how`` it was made, ``text`` (a formula, a measure), ``at``, ``of`` (ids of variables),
        ``sources`` (ids); ``path`` and ``sha256`` of a file, or ``simulate``, ``seed`` and ``process``.
    ``samples``
        By column of the parquet file: ``file``, ``panel``, ``n`` by version.
"""
