# Everything one does with this book; `make` alone lists it. Needs make and Python 3.11 or newer.
# Each command first makes the virtual environment .venv, once.
#
# PYTHON=python3.12 chooses the interpreter for .venv.

PORT = 8000
# The homework: which of the two, the teacher's folder, how many submissions at the same time.
DATASET = mnist
COURSE = course
JOBS = 1
SANDBOX = bubblewrap
python = .venv/bin/python
# One process a processor. A file's tests, and so a notebook's cells, stay together and in order.
parallel = --numprocesses auto --dist loadscope --no-loadscope-reorder
# Jupyter refuses to run as root, as one does in a container, unless it is told to.
as_root = $(if $(filter 0,$(shell id -u)),--allow-root)

# Written last by the set-up, with the folder's path: an interrupted set-up is begun anew, and so
# is one in a folder that was moved since.
ready = .venv/.complete
ifneq ($(shell test -x $(python) && cat $(ready) 2>/dev/null),$(CURDIR))
.PHONY: $(ready)
endif

.PHONY: help book serve lite test site-test lab homework homework-release homework-collect \
  homework-grade homework-feedback homework-export homework-solution homework-formgrader \
  homework-test refresh bench record lint lock clean

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/make \1	\2/p' Makefile | expand -t 26

book: $(ready) ## build the book, strictly, into _build/html
	@rm -rf _build/html _build/.doctrees
	$(python) .venv/bin/jupyter-book build . -q -W -n --keep-going
	@echo "The book: $$PWD/_build/html/index.html"

serve: book ## build, then serve on 127.0.0.1 (PORT=8000)
	$(python) -m tools.serve $(PORT)

# With this variable the chapters get a button that opens what is built here.
lite: export MLP_LITE = 1
lite: book .venv/.lite ## build, with Python in the reader's browser (WHEELS=DIR see CONTRIBUTING)
	$(python) -m tools.lite $(WHEELS)

test: $(ready) ## run all tests; execute all notebooks and compare their outputs
	$(python) -m pytest $(parallel)

site-test: book ## build, then look at every page in headless Chromium
	$(python) -m pytest tests/site

lab: $(ready) ## open the notebooks in JupyterLab (LAB_ARGS="--no-browser …")
	$(python) -m jupyterlab --ServerApp.root_dir=book $(as_root) $(LAB_ARGS)

# The folder tells nbgrader's button Validate how long a cell may take, and hides the teacher's tools.
homework: export JUPYTER_CONFIG_PATH = $(CURDIR)/homework/jupyter
homework: .venv/.homework ## open the homework in JupyterLab (DATASET=digits), a copy in book/my_homework/
	@mkdir -p book/my_homework
	@test -e book/my_homework/$(DATASET)_mlp.ipynb || cp book/homework/$(DATASET)_mlp.ipynb book/my_homework
	$(python) -m jupyterlab --ServerApp.root_dir=book $(as_root) $(LAB_ARGS) book/my_homework/$(DATASET)_mlp.ipynb

# The teacher's steps, in this order; homework/README.md is the guide.
homework-release: ## make the course's folder, and the notebook for the students (COURSE=DIR)
homework-collect: ## take in what was handed in (FROM=folder or zip; else from nbgrader's exchange)
homework-grade: ## run and mark it, each submission in a sandbox (JOBS=2, DASK=tcp://…)
homework-feedback: ## write a page for each student
homework-export: ## write the table of all marks, those by hand included
homework-solution: ## after the deadline: execute the reference solution and build the book with it
homework-release homework-collect homework-grade homework-feedback homework-export homework-solution: .venv/.homework
	@$(python) -m homework $(@:homework-%=%) --course "$(COURSE)" --dataset $(DATASET) --jobs $(JOBS) \
	  $(if $(FROM),--from "$(FROM)") $(if $(PATTERN),--pattern "$(PATTERN)") \
	  $(if $(DASK),--dask $(DASK)) --sandbox $(SANDBOX)
	@$(if $(filter %-solution,$@),$(MAKE) --no-print-directory book)

homework-formgrader: .venv/.homework ## open nbgrader's formgrader, to mark the written answers
	cd "$(COURSE)" && "$(CURDIR)/$(python)" -m jupyterlab --ServerApp.root_dir=. $(as_root) $(LAB_ARGS)

homework-test: .venv/.homework ## test the grader, hostile submissions included
	$(python) -m pytest tests/homework

refresh: $(ready) ## execute notebooks and store their outputs (NB="book/05_forward_pass.ipynb …")
	$(python) -m tools.refresh $(NB)

bench: $(ready) ## measure training speed against scikit-learn and PyTorch (BENCH_ARGS=--quick)
	$(python) -m benchmarks.speed $(BENCH_ARGS)

record: $(ready) ## train the MNIST record: three seeds each with and without distorted images
	OPENBLAS_NUM_THREADS=1 $(python) -m benchmarks.record $(RECORD_ARGS)

lint: $(ready) ## ruff on code and notebooks, codespell on all text
	$(python) -m ruff check . && $(python) -m ruff format --check .
	$(python) -m codespell_lib

lock: $(ready) ## pin again what pyproject.toml asks for (LOCK_ARGS=--upgrade for the newest)
	UV_CUSTOM_COMPILE_COMMAND="make lock" $(python) -m uv pip compile --quiet --system-certs --universal \
	  --python-version 3.11 --fork-strategy fewest --annotation-style line \
	  --extra book $(LOCK_ARGS) pyproject.toml --output-file requirements.txt
	UV_CUSTOM_COMPILE_COMMAND="make lock" $(python) -m uv pip compile --quiet --system-certs --universal \
	  --python-version 3.11 --fork-strategy fewest --annotation-style line \
	  --extra lite --constraint requirements.txt $(LOCK_ARGS) pyproject.toml --output-file requirements-lite.txt
	UV_CUSTOM_COMPILE_COMMAND="make lock" $(python) -m uv pip compile --quiet --system-certs --universal \
	  --python-version 3.11 --fork-strategy fewest --annotation-style line \
	  --extra homework --constraint requirements.txt $(LOCK_ARGS) pyproject.toml --output-file requirements-homework.txt
	@echo "-e ." >> requirements.txt

clean: ## remove what was built; .venv stays
	rm -rf _build .pytest_cache .ruff_cache

.venv/.homework: $(ready) requirements-homework.txt
	@echo "Adding nbgrader to .venv, once …"
	@$(python) -m pip install --quiet --disable-pip-version-check -r requirements-homework.txt
	@touch $@

.venv/.lite: $(ready) requirements-lite.txt
	@echo "Adding JupyterLite to .venv, once …"
	@$(python) -m pip install --quiet --disable-pip-version-check -r requirements-lite.txt
	@touch $@

$(ready): requirements.txt pyproject.toml
	@PYTHON="$(PYTHON)" sh tools/setup.sh
