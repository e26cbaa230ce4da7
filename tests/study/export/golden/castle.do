* 城堡法与凶杀率（美国各州，2000—2010） | Castle doctrine laws and homicide: US states, 2000-2010
* The study castle, written by econloom 0.1.0. It estimates every model again, compares
* the numbers with those of econloom's run (expected.csv) and ends with an error where they differ.
* Run it in its own folder: do castle.do
* Data: data, prepared by econloom; names.csv says what each column is. No Stata was at hand when it
* was written: say where a command of your version differs.
*
* Not exported, or not compared:
* t3.c3: group_time: not estimated in econloom's run
* bacon: comparisons behind a two-way coefficient (compare bacondecomp, of Stata and R)
* f2.c2: sun_abraham: effects by event time of an estimator beside the event study; where a table has its mean, that is exported
* f2.c3: group_time: effects by event time of an estimator beside the event study; where a table has its mean, that is exported
* f2.c4: imputation: effects by event time of an estimator beside the event study; where a table has its mean, that is exported
* f2.c5: two_stage: effects by event time of an estimator beside the event study; where a table has its mean, that is exported
* f2.c6: stacked: effects by event time of an estimator beside the event study; where a table has its mean, that is exported
* f2.c7: multiple_periods: effects by event time of an estimator beside the event study; where a table has its mean, that is exported
* t2.c2.law, t2.c3.law, t2.c4.law, t2.c5.law, t3.c2.law, t3.c4.law, t3.c5.law, t4.c2.law, t4.c3.law, t4.c5.law, t4.c6.law: standard error not compared: errors of another program's formula
* t2.c6.law, t3.c6.law: the stack of experiments is made by econloom; no command makes the same one
* t2.c7.law: the mean of effects by switchers is econloom's (compare did_multiplegt_dyn by event time)

version 16
clear all
set more off
set varabbrev off

* ---- commands that are needed
local absent ""
foreach command in avar csdid did2s did_imputation drdid esttab eventstudyinteract ftools reghdfe {
    capture which `command'
    if _rc {
        local absent `absent' `command'
    }
}
if "`absent'" != "" {
    display as error "commands that are not installed: `absent'"
    display as error "install what is missing of: avar csdid did2s did_imputation drdid estout eventstudyinteract ftools reghdfe (ssc install NAME)"
    exit 199
}

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

* ---- expected numbers
frame create expected
frame change expected
import delimited using "expected.csv", varnames(1) case(preserve) encoding("UTF-8") asdouble stringcols(1 2 3 6 7) clear
scalar el_rows = _N
frame change default
scalar el_passed = 0
scalar el_failed = 0
scalar el_skipped = 0
capture mkdir "tables"

* ---- data
use "data/panel.dta", clear
xtset state_id year
* l_homicide: log(homicide)
* share: cdl
* l_robbery: log(robbery)
* l_burglary: log(burglary)

local controls l_police l_income unemployrt poverty

*====================================================================================================
* t1 双向固定效应估计 | Two-way estimates
*====================================================================================================

* t1.c1: l_homicide ~ law | state + year
* sample s1: all rows; 550 rows, none lost, n = 550
* standard errors: cluster(state), small-sample rules of reghdfe, K = 12, G = 50
capture noisily reghdfe l_homicide law if s1 == 1, absorb(state_id year) vce(cluster state_id) ///
    tolerance(1e-10)
local rc = _rc
el_check t1_c1, rc(`rc')
capture estimates store t1_c1

* t1.c2: l_homicide ~ law + l_police + l_income + unemployrt + poverty | state + year
* sample s1: all rows; 550 rows, none lost, n = 550
* standard errors: cluster(state), small-sample rules of reghdfe, K = 16, G = 50
capture noisily reghdfe l_homicide law `controls' if s1 == 1, absorb(state_id year) vce(cluster state_id) ///
    tolerance(1e-10)
local rc = _rc
el_check t1_c2, rc(`rc')
capture estimates store t1_c2

* t1.c3: l_homicide ~ share + l_police + l_income + unemployrt + poverty | state + year
* sample s1: all rows; 550 rows, none lost, n = 550
* standard errors: cluster(state), small-sample rules of reghdfe, K = 16, G = 50
capture noisily reghdfe l_homicide share `controls' if s1 == 1 [aw=popwt], absorb(state_id year) ///
    vce(cluster state_id) tolerance(1e-10)
local rc = _rc
el_check t1_c3, rc(`rc')
capture estimates store t1_c3

* t1.c4: l_robbery ~ law | state + year
* sample s1: all rows; 550 rows, none lost, n = 550
* standard errors: cluster(state), small-sample rules of reghdfe, K = 12, G = 50
capture noisily reghdfe l_robbery law if s1 == 1, absorb(state_id year) vce(cluster state_id) tolerance(1e-10)
local rc = _rc
el_check t1_c4, rc(`rc')
capture estimates store t1_c4

* t1.c5: l_burglary ~ law | state + year
* sample s1: all rows; 550 rows, none lost, n = 550
* standard errors: cluster(state), small-sample rules of reghdfe, K = 12, G = 50
capture noisily reghdfe l_burglary law if s1 == 1, absorb(state_id year) vce(cluster state_id) ///
    tolerance(1e-10)
local rc = _rc
el_check t1_c5, rc(`rc')
capture estimates store t1_c5

capture noisily esttab t1_c1 t1_c2 t1_c3 t1_c4 t1_c5 using "tables/t1.rtf", replace b(%12.4f) se(%12.4f) ///
    star(* 0.1 ** 0.05 *** 0.01) title("双向固定效应估计 | Two-way estimates") label nogaps
capture noisily esttab t1_c1 t1_c2 t1_c3 t1_c4 t1_c5 using "tables/t1.tex", replace b(%12.4f) se(%12.4f) ///
    star(* 0.1 ** 0.05 *** 0.01) title("双向固定效应估计 | Two-way estimates") label nogaps booktabs

*====================================================================================================
* t2 对交错实施稳健的估计：凶杀率 | Homicide: estimators robust to staggered timing
*====================================================================================================
* t2.c1 is t1_c1 above

* t2.c2: l_homicide ~ law | state + year
* sample s1: all rows; 550 rows, none lost, n = 550
* standard errors: cluster(state), small-sample rules of none
scalar el_mean = .
capture noisily {
    capture drop el_control
    generate byte el_control = missing(adopted) | adopted > 2010
    capture drop el_since
    generate double el_since = year - adopted if el_control == 0
    capture drop el_m_*
    capture drop el_p_*
    local events ""
    quietly levelsof el_since if s1 == 1 & (el_control == 1 | adopted > 2000), local(times)
    foreach k of local times {
        if `k' == -1 {
            continue
        }
        local name = cond(`k' < 0, "el_m_" + string(-`k'), "el_p_" + string(`k'))
        generate byte `name' = el_since == `k'
        local events `events' `name'
    }
    eventstudyinteract l_homicide `events' if s1 == 1 & (el_control == 1 | adopted > 2000), ///
        cohort(adopted) control_cohort(el_control) absorb(state_id year) vce(cluster state_id)
    matrix el_b = e(b_iw)
    scalar el_sum = 0
    scalar el_n = 0
    foreach name of local events {
        if substr("`name'", 1, 5) == "el_p_" {
            quietly summarize s1 if `name' == 1 & s1 == 1 & (el_control == 1 | adopted > 2000)
            scalar el_sum = el_sum + r(sum) * el_b[1, colnumb(el_b, "`name'")]
            scalar el_n = el_n + r(sum)
        }
    }
    scalar el_mean = el_sum / el_n
}
el_value t2_c2, value(el_mean) b(1e-06)

* t2.c3: l_homicide ~ law | state + year
* sample s1: all rows; 550 rows, none lost, n = 550
* standard errors: cluster(unit), small-sample rules of none
scalar el_mean = .
capture noisily {
    capture drop el_first
    generate double el_first = cond(missing(adopted) | adopted > 2010, 0, adopted)
    csdid l_homicide if s1 == 1, ivar(state_id) time(year) gvar(el_first) method(dripw)
    estat simple, estore(el_simple)
    estimates restore el_simple
    scalar el_mean = _b[ATT]
}
el_value t2_c3, value(el_mean) b(1e-06)

* t2.c4: l_homicide ~ law | state + year
* sample s1: all rows; 550 rows, none lost, n = 550
* standard errors: cluster(state), small-sample rules of none
scalar el_mean = .
capture noisily {
    did_imputation l_homicide state_id year adopted if s1 == 1, fe(state_id year) cluster(state_id) ///
        autosample minn(0)
    scalar el_mean = _b[tau]
}
el_value t2_c4, value(el_mean) b(1e-06)

* t2.c5: l_homicide ~ law | state + year
* sample s1: all rows; 550 rows, none lost, n = 550
* standard errors: cluster(state), small-sample rules of none
scalar el_mean = .
capture noisily {
    capture drop el_treated
    generate byte el_treated = !missing(adopted) & year >= adopted
    did2s l_homicide if s1 == 1, first_stage(i.state_id i.year) second_stage(el_treated) ///
        treatment(el_treated) cluster(state_id)
    scalar el_mean = _b[el_treated]
}
el_value t2_c5, value(el_mean) b(1e-06)

* t2.c6: l_homicide ~ law | state + year
* sample s1: all rows; 1,239 rows, none lost, n = 1,239
* standard errors: cluster(state), small-sample rules of none
* the stack of experiments is made by econloom; no command makes the same one
el_skip t2_c6

* t2.c7: l_homicide ~ law | state + year
* sample s1: all rows; 550 rows, none lost, n = 550
* standard errors: cluster(unit), small-sample rules of none
* the mean of effects by switchers is econloom's (compare did_multiplegt_dyn by event time)
el_skip t2_c7

capture noisily esttab t1_c1 using "tables/t2.rtf", replace b(%12.4f) se(%12.4f) ///
    star(* 0.1 ** 0.05 *** 0.01) ///
    title("对交错实施稳健的估计：凶杀率 | Homicide: estimators robust to staggered timing") label nogaps
capture noisily esttab t1_c1 using "tables/t2.tex", replace b(%12.4f) se(%12.4f) ///
    star(* 0.1 ** 0.05 *** 0.01) ///
    title("对交错实施稳健的估计：凶杀率 | Homicide: estimators robust to staggered timing") label nogaps booktabs

*====================================================================================================
* t3 对交错实施稳健的估计：含控制变量 | Homicide: the same with controls
*====================================================================================================
* t3.c1 is t1_c2 above

* t3.c2: l_homicide ~ law + l_police + l_income + unemployrt + poverty | state + year
* sample s1: all rows; 550 rows, none lost, n = 550
* standard errors: cluster(state), small-sample rules of none
scalar el_mean = .
capture noisily {
    capture drop el_control
    generate byte el_control = missing(adopted) | adopted > 2010
    capture drop el_since
    generate double el_since = year - adopted if el_control == 0
    capture drop el_m_*
    capture drop el_p_*
    local events ""
    quietly levelsof el_since if s1 == 1 & (el_control == 1 | adopted > 2000), local(times)
    foreach k of local times {
        if `k' == -1 {
            continue
        }
        local name = cond(`k' < 0, "el_m_" + string(-`k'), "el_p_" + string(`k'))
        generate byte `name' = el_since == `k'
        local events `events' `name'
    }
    eventstudyinteract l_homicide `events' if s1 == 1 & (el_control == 1 | adopted > 2000), ///
        cohort(adopted) control_cohort(el_control) absorb(state_id year) ///
        covariates(l_police l_income unemployrt poverty) vce(cluster state_id)
    matrix el_b = e(b_iw)
    scalar el_sum = 0
    scalar el_n = 0
    foreach name of local events {
        if substr("`name'", 1, 5) == "el_p_" {
            quietly summarize s1 if `name' == 1 & s1 == 1 & (el_control == 1 | adopted > 2000)
            scalar el_sum = el_sum + r(sum) * el_b[1, colnumb(el_b, "`name'")]
            scalar el_n = el_n + r(sum)
        }
    }
    scalar el_mean = el_sum / el_n
}
el_value t3_c2, value(el_mean) b(1e-06)

* t3.c4: l_homicide ~ law + l_police + l_income + unemployrt + poverty | state + year
* sample s1: all rows; 550 rows, none lost, n = 550
* standard errors: cluster(state), small-sample rules of none
scalar el_mean = .
capture noisily {
    did_imputation l_homicide state_id year adopted if s1 == 1, fe(state_id year) ///
        controls(l_police l_income unemployrt poverty) cluster(state_id) autosample minn(0)
    scalar el_mean = _b[tau]
}
el_value t3_c4, value(el_mean) b(1e-06)

* t3.c5: l_homicide ~ law + l_police + l_income + unemployrt + poverty | state + year
* sample s1: all rows; 550 rows, none lost, n = 550
* standard errors: cluster(state), small-sample rules of none
scalar el_mean = .
capture noisily {
    capture drop el_treated
    generate byte el_treated = !missing(adopted) & year >= adopted
    did2s l_homicide if s1 == 1, first_stage(i.state_id i.year l_police l_income unemployrt poverty) ///
        second_stage(el_treated) treatment(el_treated) cluster(state_id)
    scalar el_mean = _b[el_treated]
}
el_value t3_c5, value(el_mean) b(1e-06)

* t3.c6: l_homicide ~ law + l_police + l_income + unemployrt + poverty | state + year
* sample s1: all rows; 1,239 rows, none lost, n = 1,239
* standard errors: cluster(state), small-sample rules of none
* the stack of experiments is made by econloom; no command makes the same one
el_skip t3_c6

capture noisily esttab t1_c2 using "tables/t3.rtf", replace b(%12.4f) se(%12.4f) ///
    star(* 0.1 ** 0.05 *** 0.01) title("对交错实施稳健的估计：含控制变量 | Homicide: the same with controls") label ///
    nogaps
capture noisily esttab t1_c2 using "tables/t3.tex", replace b(%12.4f) se(%12.4f) ///
    star(* 0.1 ** 0.05 *** 0.01) title("对交错实施稳健的估计：含控制变量 | Homicide: the same with controls") label ///
    nogaps booktabs

*====================================================================================================
* t4 对交错实施稳健的估计：安慰剂结果 | Crimes that the law should not deter: estimators beside
*====================================================================================================
* t4.c1 is t1_c4 above

* t4.c2: l_robbery ~ law | state + year
* sample s1: all rows; 550 rows, none lost, n = 550
* standard errors: cluster(state), small-sample rules of none
scalar el_mean = .
capture noisily {
    capture drop el_control
    generate byte el_control = missing(adopted) | adopted > 2010
    capture drop el_since
    generate double el_since = year - adopted if el_control == 0
    capture drop el_m_*
    capture drop el_p_*
    local events ""
    quietly levelsof el_since if s1 == 1 & (el_control == 1 | adopted > 2000), local(times)
    foreach k of local times {
        if `k' == -1 {
            continue
        }
        local name = cond(`k' < 0, "el_m_" + string(-`k'), "el_p_" + string(`k'))
        generate byte `name' = el_since == `k'
        local events `events' `name'
    }
    eventstudyinteract l_robbery `events' if s1 == 1 & (el_control == 1 | adopted > 2000), ///
        cohort(adopted) control_cohort(el_control) absorb(state_id year) vce(cluster state_id)
    matrix el_b = e(b_iw)
    scalar el_sum = 0
    scalar el_n = 0
    foreach name of local events {
        if substr("`name'", 1, 5) == "el_p_" {
            quietly summarize s1 if `name' == 1 & s1 == 1 & (el_control == 1 | adopted > 2000)
            scalar el_sum = el_sum + r(sum) * el_b[1, colnumb(el_b, "`name'")]
            scalar el_n = el_n + r(sum)
        }
    }
    scalar el_mean = el_sum / el_n
}
el_value t4_c2, value(el_mean) b(1e-06)

* t4.c3: l_robbery ~ law | state + year
* sample s1: all rows; 550 rows, none lost, n = 550
* standard errors: cluster(state), small-sample rules of none
scalar el_mean = .
capture noisily {
    did_imputation l_robbery state_id year adopted if s1 == 1, fe(state_id year) cluster(state_id) ///
        autosample minn(0)
    scalar el_mean = _b[tau]
}
el_value t4_c3, value(el_mean) b(1e-06)
* t4.c4 is t1_c5 above

* t4.c5: l_burglary ~ law | state + year
* sample s1: all rows; 550 rows, none lost, n = 550
* standard errors: cluster(state), small-sample rules of none
scalar el_mean = .
capture noisily {
    capture drop el_control
    generate byte el_control = missing(adopted) | adopted > 2010
    capture drop el_since
    generate double el_since = year - adopted if el_control == 0
    capture drop el_m_*
    capture drop el_p_*
    local events ""
    quietly levelsof el_since if s1 == 1 & (el_control == 1 | adopted > 2000), local(times)
    foreach k of local times {
        if `k' == -1 {
            continue
        }
        local name = cond(`k' < 0, "el_m_" + string(-`k'), "el_p_" + string(`k'))
        generate byte `name' = el_since == `k'
        local events `events' `name'
    }
    eventstudyinteract l_burglary `events' if s1 == 1 & (el_control == 1 | adopted > 2000), ///
        cohort(adopted) control_cohort(el_control) absorb(state_id year) vce(cluster state_id)
    matrix el_b = e(b_iw)
    scalar el_sum = 0
    scalar el_n = 0
    foreach name of local events {
        if substr("`name'", 1, 5) == "el_p_" {
            quietly summarize s1 if `name' == 1 & s1 == 1 & (el_control == 1 | adopted > 2000)
            scalar el_sum = el_sum + r(sum) * el_b[1, colnumb(el_b, "`name'")]
            scalar el_n = el_n + r(sum)
        }
    }
    scalar el_mean = el_sum / el_n
}
el_value t4_c5, value(el_mean) b(1e-06)

* t4.c6: l_burglary ~ law | state + year
* sample s1: all rows; 550 rows, none lost, n = 550
* standard errors: cluster(state), small-sample rules of none
scalar el_mean = .
capture noisily {
    did_imputation l_burglary state_id year adopted if s1 == 1, fe(state_id year) cluster(state_id) ///
        autosample minn(0)
    scalar el_mean = _b[tau]
}
el_value t4_c6, value(el_mean) b(1e-06)

capture noisily esttab t1_c4 t1_c5 using "tables/t4.rtf", replace b(%12.4f) se(%12.4f) ///
    star(* 0.1 ** 0.05 *** 0.01) ///
    title("对交错实施稳健的估计：安慰剂结果 | Crimes that the law should not deter: estimators beside") label nogaps
capture noisily esttab t1_c4 t1_c5 using "tables/t4.tex", replace b(%12.4f) se(%12.4f) ///
    star(* 0.1 ** 0.05 *** 0.01) ///
    title("对交错实施稳健的估计：安慰剂结果 | Crimes that the law should not deter: estimators beside") label nogaps ///
    booktabs

*====================================================================================================
* f1 凶杀率的事件研究 | Event study of homicide
*====================================================================================================

* f1.c1: l_homicide ~ `event_time::-5` + `event_time::-4` + `event_time::-3` + `event_time::-2` + `event_time::0` + `event_time::1` + `event_time::2` + `event_time::3` | state + year
* sample s1: all rows; 550 rows, none lost, n = 550
* standard errors: cluster(state), small-sample rules of reghdfe, K = 19, G = 50
* event_time_m5 is event_time::-5
* event_time_m4 is event_time::-4
* event_time_m3 is event_time::-3
* event_time_m2 is event_time::-2
* event_time_0 is event_time::0
* event_time_1 is event_time::1
* event_time_2 is event_time::2
* event_time_3 is event_time::3
capture noisily reghdfe l_homicide event_time_m5 event_time_m4 event_time_m3 event_time_m2 event_time_0 ///
    event_time_1 event_time_2 event_time_3 if s1 == 1, absorb(state_id year) vce(cluster state_id) ///
    tolerance(1e-10)
local rc = _rc
el_check f1_c1, rc(`rc')
capture estimates store f1_c1

capture noisily esttab f1_c1 using "tables/f1.rtf", replace b(%12.4f) se(%12.4f) ///
    star(* 0.1 ** 0.05 *** 0.01) title("凶杀率的事件研究 | Event study of homicide") label nogaps
capture noisily esttab f1_c1 using "tables/f1.tex", replace b(%12.4f) se(%12.4f) ///
    star(* 0.1 ** 0.05 *** 0.01) title("凶杀率的事件研究 | Event study of homicide") label nogaps booktabs

*====================================================================================================
* f2 凶杀率的事件研究：稳健估计并列 | Event study of homicide, robust estimators beside
*====================================================================================================
* f2.c1 is f1_c1 above

capture noisily esttab f1_c1 using "tables/f2.rtf", replace b(%12.4f) se(%12.4f) ///
    star(* 0.1 ** 0.05 *** 0.01) ///
    title("凶杀率的事件研究：稳健估计并列 | Event study of homicide, robust estimators beside") label nogaps
capture noisily esttab f1_c1 using "tables/f2.tex", replace b(%12.4f) se(%12.4f) ///
    star(* 0.1 ** 0.05 *** 0.01) ///
    title("凶杀率的事件研究：稳健估计并列 | Event study of homicide, robust estimators beside") label nogaps booktabs

*====================================================================================================
display as text scalar(el_passed) " models and tables agree, " scalar(el_failed) " do not, " ///
    scalar(el_skipped) " skipped"
if scalar(el_failed) > 0 {
    if "`c(mode)'" == "batch" {
        exit 9, STATA clear
    }
    exit 9
}
