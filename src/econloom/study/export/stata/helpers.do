* ---- programs -------------------------------------------------------------------------------------------------------
* el_check compares the last estimation with expected.csv. Tolerances are relative: a coefficient's to the larger of
* itself and its standard error, a standard error's to itself.
capture program drop el_check
program define el_check
    gettoken model 0 : 0, parse(" ,")
    syntax [, B(real 1e-6) SE(real 1e-5) RC(integer 0)]
    tempname b0 s0 b1 s1 gap worst
    scalar `worst' = 0
    local bad ""
    local seen 0
    if `rc' != 0 local bad "the command failed with r(`rc')"
    forvalues i = 1/`=scalar(el_rows)' {
        if `rc' != 0 | _frval(expected, model, `i') != "`model'" | _frval(expected, compared, `i') == "none" {
            continue
        }
        local coefficient = _frval(expected, coefficient, `i')
        scalar `b0' = _frval(expected, estimate, `i')
        scalar `s0' = _frval(expected, std_error, `i')
        capture scalar `b1' = _b[`coefficient']
        if _rc {
            local bad "`bad' no coefficient `coefficient';"
            continue
        }
        local ++seen
        scalar `gap' = abs(`b1' - `b0') / max(abs(`b0'), `s0')
        scalar `worst' = max(`worst', `gap')
        if missing(`gap') | `gap' > `b' {
            local bad "`bad' `coefficient': `=string(`b1', "%18.0g")', expected `=string(`b0', "%18.0g")';"
        }
        if _frval(expected, compared, `i') != "both" {
            continue
        }
        scalar `s1' = _se[`coefficient']
        scalar `gap' = abs(`s1' - `s0') / `s0'
        scalar `worst' = max(`worst', `gap')
        if missing(`gap') | `gap' > `se' {
            local bad "`bad' `coefficient': error `=string(`s1', "%18.0g")', expected `=string(`s0', "%18.0g")';"
        }
    }
    if `"`bad'"' != "" {
        scalar el_failed = el_failed + 1
        display as error `"FAIL `model' `bad'"'
    }
    else {
        scalar el_passed = el_passed + 1
        display as text "PASS `model' (`seen' coefficients; largest gap " %8.1e scalar(`worst') ")"
    }
end
* el_value compares one number with the only coefficient of a model.
capture program drop el_value
program define el_value
    gettoken model 0 : 0, parse(" ,")
    syntax, VALUE(name) [B(real 1e-6)]
    tempname b0 s0 gap
    forvalues i = 1/`=scalar(el_rows)' {
        if _frval(expected, model, `i') == "`model'" {
            scalar `b0' = _frval(expected, estimate, `i')
            scalar `s0' = _frval(expected, std_error, `i')
        }
    }
    scalar `gap' = abs(scalar(`value') - `b0') / max(abs(`b0'), `s0')
    if missing(`gap') | `gap' > `b' {
        scalar el_failed = el_failed + 1
        display as error "FAIL `model' " %18.0g scalar(`value') ", expected " %18.0g scalar(`b0')
    }
    else {
        scalar el_passed = el_passed + 1
        display as text "PASS `model' (1 coefficient; gap " %8.1e scalar(`gap') ")"
    }
end
* el_describe compares number, mean, standard deviation, smallest and largest value of columns.
capture program drop el_describe
program define el_describe
    args model sample
    tempname b0 b1
    local bad ""
    local seen 0
    forvalues i = 1/`=scalar(el_rows)' {
        if _frval(expected, model, `i') != "`model'" {
            continue
        }
        local coefficient = _frval(expected, coefficient, `i')
        gettoken variable statistic : coefficient
        local statistic = cond(trim("`statistic'") == "n", "N", trim("`statistic'"))
        quietly summarize `variable' if `sample' == 1
        scalar `b0' = _frval(expected, estimate, `i')
        scalar `b1' = r(`statistic')
        local ++seen
        if missing(`b1') | abs(`b1' - `b0') > 1e-10 * abs(`b0') {
            local bad "`bad' `coefficient': `=string(`b1', "%18.0g")', expected `=string(`b0', "%18.0g")';"
        }
    }
    if `"`bad'"' != "" {
        scalar el_failed = el_failed + 1
        display as error `"FAIL `model' `bad'"'
    }
    else {
        scalar el_passed = el_passed + 1
        display as text "PASS `model' (`seen' statistics)"
    }
end
* el_scale multiplies the covariance of the last estimation by a factor: from the program's convention to econloom's.
capture program drop el_scale
program define el_scale, eclass
    args factor
    tempname V
    matrix `V' = e(V) * `factor'
    ereturn repost V = `V'
end
capture program drop el_skip
program define el_skip
    args model
    scalar el_skipped = el_skipped + 1
    display as text "SKIP `model'"
end
