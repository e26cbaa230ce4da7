# ---- helpers ------------------------------------------------------------------------------------------------------
has <- function(package) !(package %in% strsplit(Sys.getenv("ECONLOOM_R_WITHOUT"), ",")[[1]]) &&
  requireNamespace(package, quietly = TRUE)
need <- function(...) {
  absent <- Filter(function(p) !has(p), c(...))
  if (length(absent)) {
    cat("packages are missing: ", paste(absent, collapse = ", "), "\ninstall.packages(c(",
        paste0('"', absent, '"', collapse = ", "), "))\n", sep = "")
    quit(save = "no", status = 2)
  }
}
here <- local({
  file <- sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))
  file <- gsub("~+~", " ", file, fixed = TRUE) # how Rscript passes blanks
  if (length(file)) dirname(file[1]) else getwd()
})
read_rows <- function(name) {
  read.csv(file.path(here, "data", name), encoding = "UTF-8", check.names = FALSE, na.strings = "", stringsAsFactors = FALSE)
}
expected <- read.csv(file.path(here, "expected.csv"), encoding = "UTF-8", check.names = FALSE, stringsAsFactors = FALSE)
count <- list2env(list(passed = 0, failed = 0, skipped = 0, coefficients = 0, errors = 0))
models <- list()
variances <- list()

# Tolerances are relative: a coefficient's to the larger of itself and its standard error, an error's to itself.
check <- function(id, model, variance, b_tolerance = 1e-8, se_tolerance = 1e-6) {
  want <- expected[expected$model == id & expected$compared != "none", ]
  b <- coef(model)
  names(b) <- sub("^fit_", "", names(b))
  V <- as.matrix(variance)
  dimnames(V) <- lapply(dimnames(V), function(n) sub("^fit_", "", n))
  if (!("(Intercept)" %in% names(b)) && inherits(model, "fixest")) want <- want[want$coefficient != "(Intercept)", ]
  wrong <- character()
  worst <- c(0, 0)
  for (i in seq_len(nrow(want))) {
    name <- want$coefficient[i]
    if (!(name %in% names(b)) || is.na(b[[name]])) {
      wrong <- c(wrong, paste0("no coefficient ", name))
      next
    }
    gap <- abs(b[[name]] - want$estimate[i]) / max(abs(want$estimate[i]), want$std_error[i])
    worst[1] <- max(worst[1], gap)
    count$coefficients <- count$coefficients + 1
    if (!(gap <= b_tolerance)) wrong <- c(wrong, sprintf("%s: %.12g, expected %.12g", name, b[[name]], want$estimate[i]))
    if (want$compared[i] != "both") next
    se <- sqrt(V[name, name])
    gap <- abs(se - want$std_error[i]) / want$std_error[i]
    worst[2] <- max(worst[2], gap)
    count$errors <- count$errors + 1
    if (!(gap <= se_tolerance)) wrong <- c(wrong, sprintf("%s: error %.12g, expected %.12g", name, se, want$std_error[i]))
  }
  if (length(wrong)) {
    count$failed <- count$failed + 1
    cat("FAIL", id, paste(wrong, collapse = "; "), "\n")
  } else {
    count$passed <- count$passed + 1
    cat(sprintf("PASS %s (%d coefficients; largest gap %.1g, of errors %.1g)\n", id, nrow(want), worst[1], worst[2]))
  }
  models[[id]] <<- model
  variances[[id]] <<- variance
}
# Number of values, mean, standard deviation, smallest and largest of columns.
describe <- function(id, data) {
  want <- expected[expected$model == id, ]
  by <- list(n = length, mean = mean, sd = stats::sd, min = min, max = max)
  of <- strsplit(want$coefficient, " ", fixed = TRUE)
  found <- vapply(of, function(w) as.numeric(by[[w[2]]](na.omit(data[[w[1]]]))), 0)
  gap <- abs(found - want$estimate) / pmax(abs(want$estimate), 1e-300)
  wrong <- !(gap <= 1e-10 | found == want$estimate)
  if (any(wrong)) {
    count$failed <- count$failed + 1
    cat("FAIL", id, paste(sprintf("%s: %.12g, expected %.12g", want$coefficient, found, want$estimate)[wrong], collapse = "; "), "\n")
  } else {
    count$passed <- count$passed + 1
    cat(sprintf("PASS %s (%d statistics)\n", id, nrow(want)))
  }
}
# A model that cannot be estimated here fails by name; the others go on.
block <- function(id, code) {
  tryCatch(code, error = function(e) {
    count$failed <- count$failed + 1
    cat("FAIL", id, conditionMessage(e), "\n")
  })
  invisible()
}
skip <- function(id, why) {
  count$skipped <- count$skipped + 1
  cat("SKIP", id, why, "\n")
}
finish <- function() {
  cat(sprintf("%d models and tables agree, %d do not, %d skipped; %d coefficients and %d standard errors compared\n",
              count$passed, count$failed, count$skipped, count$coefficients, count$errors))
  quit(save = "no", status = if (count$failed) 1 else 0)
}
write_table <- function(name, title, ids) {
  ids <- intersect(ids, names(models))
  if (!has("modelsummary") || !length(ids)) return(invisible())
  dir.create(file.path(here, "tables"), showWarnings = FALSE)
  for (type in c("docx", "tex")) try(silent = TRUE, modelsummary::modelsummary(
    models[ids], vcov = lapply(variances[ids], as.matrix), stars = c("*" = .1, "**" = .05, "***" = .01), title = title,
    output = file.path(here, "tables", paste0(name, ".", type))))
}

# ---- covariances: the raw sandwich, times the factor of the convention ----------------------------------------------
cluster_factor <- function(n, K, G) G / (G - 1) * (n - 1) / (n - K)
raw_iid <- function(model) sum(weighted_squares(model)) * sandwich::bread(model) / nobs(model)
weighted_squares <- function(model) {
  w <- weights(model)
  residuals(model)^2 * (if (is.null(w)) 1 else w)
}
iid <- function(model, factor) {
  if (inherits(model, "plm")) return(factor * df.residual(model) * vcov(model))
  factor * raw_iid(model)
}
robust <- function(model, factor) factor * sandwich::sandwich(model)
clustered <- function(model, clusters, factor) {
  if (inherits(model, "plm")) return(factor * plm::vcovHC(model, method = "arellano", type = "HC0", cluster = "group"))
  factor * sandwich::vcovCL(model, cluster = as.list(clusters), type = "HC0", cadjust = FALSE)
}

# ---- estimators in base R, for machines without fixest ---------------------------------------------------------------
# What groups explain of columns. The effect with most groups goes out by means; the others are solved for together from
# their cross-tables, exactly (badly connected groups would take means in turn forever).
explained <- function(columns, groups, weights) {
  groups <- lapply(groups, function(g) match(g, unique(g)))
  sizes <- vapply(groups, max, 0)
  groups <- c(groups[which.max(sizes)], groups[-which.max(sizes)])
  first <- groups[[1]]
  total <- rowsum(weights, first)[, 1]
  means <- function(v) (rowsum(v * weights, first) / total)[first, , drop = FALSE]
  if (length(groups) == 1) return(list(left = columns - means(columns)))
  shift <- cumsum(c(0, vapply(groups[-1], max, 0)))
  others <- lapply(seq_along(groups[-1]), function(k) groups[[k + 1]] + shift[k])
  levels <- shift[length(shift)]
  if (levels > 2500) stop("more than 2,500 groups beside the largest effect: install fixest")
  crossed <- matrix(0, max(first), levels)
  own <- matrix(0, levels, levels)
  for (p in others) {
    cells <- rowsum(weights, (p - 1) * max(first) + first)
    crossed[as.numeric(rownames(cells))] <- cells
    for (q in others) {
      cells <- rowsum(weights, (q - 1) * levels + p)
      own[as.numeric(rownames(cells))] <- cells
    }
  }
  scale <- 1 / sqrt(diag(own))
  e <- eigen((own - crossprod(crossed, crossed / total)) * outer(scale, scale), symmetric = TRUE)
  keep <- e$values > 1e-11 * e$values[1]
  inverse <- (e$vectors[, keep] %*% (t(e$vectors[, keep]) / e$values[keep])) * outer(scale, scale)
  left <- columns
  effects <- matrix(0, levels, ncol(columns))
  for (round in 1:3) { # the second and third take away rounding
    left <- left - means(left)
    sums <- matrix(0, levels, ncol(columns))
    for (p in others) {
      found <- rowsum(left * weights, p)
      at <- as.numeric(rownames(found))
      sums[at, ] <- sums[at, ] + found
    }
    step <- inverse %*% sums
    effects <- effects + step
    for (p in others) left <- left - step[p, , drop = FALSE]
  }
  list(left = left - means(left), effects = effects, others = others)
}
residualise <- function(columns, groups, weights) explained(as.matrix(columns), groups, weights)$left
fitted_by <- function(y, x, endogenous, instruments, data, intercept) {
  left <- if (intercept) "~" else "~ 0 +"
  own <- paste(c(endogenous, x, if (!length(c(endogenous, x))) "1"), collapse = " + ")
  if (!length(endogenous)) return(eval(bquote(lm(.(as.formula(paste(y, left, own))), data, weights = .w))))
  all <- paste(c(x, instruments), collapse = " + ")
  text <- paste(y, left, own, "|", sub("^~ *", "", left), all)
  eval(bquote(AER::ivreg(.(as.formula(text)), data = data, weights = .w)))
}
within_lm <- function(y, x, data, absorb, weights = NULL, endogenous = NULL, instruments = NULL) {
  w <- if (is.null(weights)) rep(1, nrow(data)) else data[[weights]] / mean(data[[weights]])
  columns <- as.matrix(data[unique(c(y, x, endogenous, instruments))])
  left <- residualise(columns, data[absorb], w)
  x <- x[colSums(left[, x, drop = FALSE]^2) > 1e-18 * colSums(columns[, x, drop = FALSE]^2)] # what the effects absorb
  left <- as.data.frame(left, check.names = FALSE)
  left$.w <- w
  fitted_by(y, x, endogenous, instruments, left, FALSE)
}
# As xtreg, fe does it: unit effects by means, other effects as dummies, a constant at the mean of the unit effects.
xtreg_lm <- function(y, x, data, unit, dummies = NULL, endogenous = NULL, instruments = NULL) {
  columns <- as.matrix(data[unique(c(y, x, endogenous, instruments))])
  made <- character()
  for (d in dummies) {
    more <- model.matrix(~ factor(data[[d]]))[, -1, drop = FALSE]
    colnames(more) <- paste0(".", d, seq_len(ncol(more)))
    made <- c(made, colnames(more))
    columns <- cbind(columns, more)
  }
  left <- residualise(columns, data[unit], rep(1, nrow(data)))
  left <- as.data.frame(sweep(left, 2, colMeans(columns), "+"), check.names = FALSE)
  left$.w <- 1
  fitted_by(y, c(x, made), endogenous, instruments, left, TRUE)
}
# Random effects by Swamy and Arora with the harmonic mean of the units' rows, as xtreg, re of Stata.
xtreg_re <- function(y, x, data, unit) {
  X <- as.matrix(data[x])
  g <- match(data[[unit]], unique(data[[unit]]))
  size <- tabulate(g)
  inner <- residualise(cbind(data[[y]], X), list(g), rep(1, nrow(data)))
  fit <- lm.fit(inner[, -1, drop = FALSE], inner[, 1])
  s2e <- sum(fit$residuals^2) / (nrow(X) - length(size) - fit$rank)
  means <- rowsum(cbind(data[[y]], 1, X), g) / size
  fit <- lm.fit(means[, -1, drop = FALSE], means[, 1])
  s2u <- max(0, sum(fit$residuals^2) / (length(size) - fit$rank) - s2e / (1 / mean(1 / size)))
  theta <- 1 - sqrt(s2e / (size * s2u + s2e))
  left <- cbind(data[[y]], 1, X) - (theta * means)[g, ]
  left <- as.data.frame(left)
  names(left) <- c(y, "(Intercept)", x)
  m <- lm(reformulate(c("`(Intercept)`", x), y, intercept = FALSE), left)
  names(m$coefficients) <- c("(Intercept)", x)
  m
}
named_constant <- function(V) {
  dimnames(V) <- lapply(dimnames(V), function(n) gsub("`", "", n))
  V
}
between_lm <- function(y, x, data, unit, weighted = FALSE) {
  size <- as.vector(table(data[[unit]]))
  means <- aggregate(data[c(y, x)], list(unit = data[[unit]]), mean)
  means$.w <- if (weighted) size else 1
  lm(reformulate(if (length(x)) x else "1", y), means, weights = .w)
}
# Differences from the period before, where the unit has a row of it.
difference_rows <- function(columns, data, unit, time) {
  then <- match(paste(data[[unit]], data[[time]] - 1), paste(data[[unit]], data[[time]]))
  made <- data[columns] - data[then, columns]
  made[[".unit"]] <- data[[unit]]
  cbind(made, .row = seq_len(nrow(data)))[!is.na(then), ]
}
within_poisson <- function(y, x, data, absorb, weights = NULL) {
  prior <- if (is.null(weights)) rep(1, nrow(data)) else data[[weights]]
  Y <- data[[y]]
  X <- as.matrix(data[x])
  mu <- (Y + mean(Y)) / 2
  eta <- log(mu)
  for (round in 1:200) {
    w <- prior * mu
    left <- residualise(cbind(eta + (Y - mu) / mu, X), data[absorb], w)
    fit <- lm.wfit(left[, -1, drop = FALSE], left[, 1], w)
    step <- eta + (Y - mu) / mu - fit$residuals
    moved <- max(abs(step - eta))
    eta <- step
    mu <- exp(eta)
    if (moved < 1e-12) break
  }
  structure(list(coefficients = fit$coefficients, scores = left[, -1, drop = FALSE] * (prior * (Y - mu)),
                 inverse = solve(crossprod(left[, -1, drop = FALSE] * w, left[, -1, drop = FALSE]))), class = "own")
}
own_variance <- function(model, clusters = NULL, factor = 1) {
  S <- model$scores
  if (is.null(clusters)) return(factor * model$inverse)
  meat <- crossprod(if (length(clusters)) rowsum(S, clusters[[1]]) else S)
  factor * model$inverse %*% meat %*% model$inverse
}
# Difference and system GMM of a dynamic panel in first differences (Arellano and Bond, Blundell and Bond), numbered as in
# xtabond2: h = 1, 2, 3; the covariance is robust (one step) or Windmeijer's or the uncorrected one (two steps).
gmm_panel <- function(y, x, data, rows, unit, time, gmm, std, system, steps, h, corrected, constant) {
  units <- unique(data[[unit]])
  times <- seq(min(data[[time]]), max(data[[time]]))
  place <- cbind(match(data[[unit]], units), match(data[[time]], times))
  grid <- function(v) {
    made <- matrix(NA_real_, length(units), length(times))
    made[place] <- v
    made
  }
  inside <- grid(as.numeric(rows))
  inside <- !is.na(inside) & inside == 1
  own <- c(if (constant) "(Intercept)", x)
  values <- lapply(c(y, x), function(v) grid(data[[v]]))
  if (constant) values <- append(values, list(matrix(1, length(units), length(times))), 1)
  complete <- inside & Reduce(`&`, lapply(values, function(v) !is.na(v)))
  zero <- function(v) ifelse(is.na(v), 0, v)
  at <- function(v, t) if (t >= 1 && t <= length(times)) zero(v[, t]) else numeric(length(units))
  change <- function(v, t) if (t >= 2 && t <= length(times)) zero(v[, t] - v[, t - 1]) else numeric(length(units))
  equations <- rbind(data.frame(level = FALSE, t = seq_along(times)[-1]), if (system) data.frame(level = TRUE, t = seq_along(times)))
  present <- mapply(function(l, t) complete[, t] & (l | complete[, max(t - 1, 1)]), equations$level, equations$t)
  columns <- list()
  put <- function(key, e, v) {
    if (is.null(columns[[key]])) columns[[key]] <<- matrix(0, length(units), nrow(equations))
    columns[[key]][, e] <<- ifelse(present[, e], v, 0)
  }
  for (e in seq_len(nrow(equations))) {
    l <- equations$level[e]
    t <- equations$t[e]
    for (k in seq_along(gmm)) {
      g <- gmm[[k]]
      if (g$equation != "both" && (g$equation == "level") != l) next
      w <- grid(data[[g$name]])
      if (l) put(paste(k, "level", if (!g$collapse) t), e, change(w, t - g$lags[1] + 1))
      else for (lag in seq(g$lags[1], length.out = max(0, min(g$lags[2], t - 1) - g$lags[1] + 1)))
        put(paste(k, lag, if (!g$collapse) t), e, at(w, t - lag))
    }
    for (k in seq_along(std)) {
      s <- std[[k]]
      if (s$equation != "both" && (s$equation == "level") != l) next
      w <- grid(data[[s$name]])
      put(paste("std", k), e, if (l || s$plain) at(w, t) else change(w, t))
    }
    if (l && constant) put("constant", e, 1)
  }
  columns <- Filter(function(z) any(z != 0), columns)
  H <- outer(seq_len(nrow(equations)), seq_len(nrow(equations)), Vectorize(function(a, b) {
    weights <- function(e) c(equations$t[e], if (!equations$level[e]) equations$t[e] - 1)
    signs <- function(e) c(1, if (!equations$level[e]) -1)
    if (h == 1 || (h == 2 && equations$level[a] != equations$level[b])) return(as.numeric(a == b))
    sum(outer(weights(a), weights(b), "==") * outer(signs(a), signs(b)))
  }))
  of <- function(v) sapply(seq_len(nrow(equations)), function(e) {
    made <- if (equations$level[e]) at(v, equations$t[e]) else change(v, equations$t[e])
    ifelse(present[, e], made, 0)
  })
  stacked <- lapply(values, of)
  each <- lapply(seq_along(units), function(i) {
    r <- which(present[i, ])
    list(y = stacked[[1]][i, r], X = do.call(cbind, lapply(stacked[-1], function(v) v[i, r])),
         Z = do.call(cbind, lapply(columns, function(z) z[i, r])), H = H[r, r, drop = FALSE])
  })
  each <- Filter(function(u) length(u$y) > 0, each)
  total <- function(f) Reduce(`+`, lapply(each, f))
  inverse <- function(S) {
    d <- 1 / sqrt(pmax(diag(S), 1e-300))
    v <- svd(S * outer(d, d))
    keep <- v$d > 1e-12 * v$d[1]
    (v$v[, keep] %*% (t(v$u[, keep]) / v$d[keep])) * outer(d, d)
  }
  XZ <- total(function(u) t(u$X) %*% u$Z)
  Zy <- total(function(u) t(u$Z) %*% u$y)
  A <- inverse(total(function(u) t(u$Z) %*% u$H %*% u$Z))
  M1 <- solve(XZ %*% A %*% t(XZ))
  b1 <- M1 %*% XZ %*% A %*% Zy
  e1 <- lapply(each, function(u) u$y - u$X %*% b1)
  Omega <- Reduce(`+`, Map(function(u, e) tcrossprod(t(u$Z) %*% e), each, e1))
  V1 <- M1 %*% XZ %*% A %*% Omega %*% A %*% t(XZ) %*% M1
  b <- b1
  V <- V1
  if (steps == 2) {
    W <- inverse(Omega)
    M2 <- solve(XZ %*% W %*% t(XZ))
    b <- M2 %*% XZ %*% W %*% Zy
    V <- M2
    if (corrected) {
      Ze <- Zy - t(XZ) %*% b
      D <- sapply(seq_along(b), function(j) {
        slope <- -Reduce(`+`, Map(function(u, e) {
          one <- t(u$Z) %*% u$X[, j] %*% t(t(u$Z) %*% e)
          one + t(one)
        }, each, e1))
        -M2 %*% XZ %*% W %*% slope %*% W %*% Ze
      })
      V <- M2 + D %*% M2 + M2 %*% t(D) + D %*% V1 %*% t(D)
    }
  }
  dimnames(V) <- list(own, own)
  structure(list(coefficients = setNames(as.vector(b), own), V = V), class = "own")
}

# ---- staggered timing in base R: the definitions, without their standard errors ----------------------------------------
one_effect <- function(name, value) structure(list(coefficients = setNames(value, name)), class = "own")
# Effects of groups that explain a variable, by group; each up to what the others take.
group_effects <- function(y, groups, weights) {
  left <- y
  found <- list()
  made <- explained(as.matrix(y), groups, weights)
  largest <- which.max(vapply(groups, function(g) length(unique(g)), 0))
  names <- seq_along(groups)[-largest]
  for (k in seq_along(names)) {
    g <- groups[[names[k]]]
    value <- made$effects[made$others[[k]], 1]
    found[[names[k]]] <- setNames(value[!duplicated(g)], as.character(unique(g)))
    left <- left - value
  }
  g <- as.character(groups[[largest]])
  found[[largest]] <- (rowsum(left * weights, g) / rowsum(weights, g))[, 1]
  found
}
# Groups of two kinds that rows connect: sums of their effects are known within a part only.
connected <- function(first, second) {
  a <- match(first, unique(first))
  b <- match(second, unique(second))
  part <- seq_along(unique(first))
  repeat {
    other <- tapply(part[a], b, min)
    then <- pmin(part, tapply(other[b], a, min))
    if (all(then == part)) break
    part <- then
  }
  list(setNames(as.vector(part), as.character(unique(first))), setNames(as.vector(other), as.character(unique(second))))
}
# Borusyak, Jaravel and Spiess; Gardner's mean is the same number: treated outcomes less what untreated rows say of them.
imputed_effect <- function(name, y, controls, data, absorb, cohort, time, weights = NULL) {
  treated <- !is.na(data[[cohort]]) & data[[time]] >= data[[cohort]]
  w <- if (is.null(weights)) rep(1, nrow(data)) else data[[weights]]
  own <- data[!treated, ]
  b <- if (length(controls)) coef(within_lm(y, controls, own, absorb, weights)) else numeric()
  controls <- names(b)[!is.na(b)]
  b <- b[controls]
  rest <- function(d) d[[y]] - if (length(controls)) as.matrix(d[controls]) %*% b else 0
  effects <- group_effects(as.vector(rest(own)), own[absorb], w[!treated])
  then <- data[treated, ]
  said <- Reduce(`+`, lapply(absorb, function(a) effects[[match(a, absorb)]][as.character(then[[a]])]))
  known <- !is.na(said)
  if (length(absorb) == 2) {
    part <- connected(own[[absorb[1]]], own[[absorb[2]]])
    known <- known & part[[1]][as.character(then[[absorb[1]]])] == part[[2]][as.character(then[[absorb[2]]])]
  }
  one_effect(name, weighted.mean((as.vector(rest(then)) - said)[known], w[treated][known]))
}
# Sun and Abraham: cohorts by event time against -1 and the never treated, weighed by their rows.
interacted_effect <- function(name, y, controls, data, absorb, cohort, time, weights = NULL) {
  g <- data[[cohort]]
  g[!is.na(g) & g > max(data[[time]])] <- NA
  kept <- is.na(g) | g > min(data[[time]])
  if (!anyNA(g)) {
    last <- max(g)
    kept <- kept & data[[time]] < last
    g[g == last] <- NA
  }
  data <- data[kept, ]
  g <- g[kept]
  since <- data[[time]] - g
  pairs <- unique(data.frame(g = g, e = since)[!is.na(g) & since != -1, ])
  made <- sapply(seq_len(nrow(pairs)), function(k) as.numeric(!is.na(g) & g == pairs$g[k] & since == pairs$e[k]))
  dummies <- paste0(".k", seq_len(nrow(pairs)))
  whole <- cbind(data, setNames(as.data.frame(made), dummies))
  b <- coef(within_lm(y, c(dummies, controls), whole, absorb, weights))[dummies]
  after <- pairs$e >= 0
  w <- if (is.null(weights)) rep(1, nrow(data)) else data[[weights]]
  one_effect(name, weighted.mean(b[after], colSums(made * w)[after]))
}
# Callaway and Sant'Anna without covariates, never treated as the comparison: differences of means from the period before.
group_time_effect <- function(name, y, data, unit, time, cohort) {
  ids <- unique(data[[unit]])
  g <- data[[cohort]][match(ids, data[[unit]])]
  g[!is.na(g) & g > max(data[[time]])] <- NA
  at <- function(t) data[[y]][match(paste(ids, t), paste(data[[unit]], data[[time]]))]
  cells <- expand.grid(g = sort(unique(g[!is.na(g)])), t = sort(unique(data[[time]])))
  cells <- cells[cells$t >= cells$g & (cells$g - 1) %in% data[[time]], ]
  values <- mapply(function(from, t) {
    change <- at(t) - at(from - 1)
    mean(change[!is.na(g) & g == from]) - mean(change[is.na(g)])
  }, cells$g, cells$t)
  one_effect(name, weighted.mean(values, table(g)[as.character(cells$g)]))
}
