import django.db.models.deletion
import django.db.models.functions.text
import etabli.kernel.tenancy
import etabli.kernel.text
import etabli.people.subnets
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('kernel', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='Site',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('created_at', models.DateTimeField(auto_now_add=True, verbose_name='created on')),
                ('updated_at', models.DateTimeField(auto_now=True, verbose_name='changed on')),
                ('version', models.PositiveIntegerField(default=1, editable=False)),
                ('custom', models.JSONField(blank=True, default=dict, editable=False, verbose_name='custom fields')),
                ('name', models.CharField(max_length=80, verbose_name='name')),
                ('code', models.CharField(blank=True, max_length=20, verbose_name='code')),
                ('street', models.CharField(blank=True, max_length=160, verbose_name='street')),
                ('postcode', models.CharField(blank=True, max_length=12, verbose_name='postcode')),
                ('city', models.CharField(blank=True, max_length=80, verbose_name='town')),
                ('insee', models.CharField(blank=True, max_length=5, verbose_name='INSEE code')),
                ('country', models.CharField(default='FR', max_length=2, verbose_name='country')),
                ('latitude', models.DecimalField(blank=True, decimal_places=6, max_digits=9, null=True, verbose_name='latitude')),
                ('longitude', models.DecimalField(blank=True, decimal_places=6, max_digits=9, null=True, verbose_name='longitude')),
                ('phone', models.CharField(blank=True, max_length=30, verbose_name='telephone')),
                ('access', models.TextField(blank=True, help_text='Doors, hours, badge, whom to ask for.', verbose_name='access')),
                ('organisation', etabli.kernel.tenancy.OwnerKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='kernel.organisation', verbose_name='organisation')),
            ],
            options={
                'verbose_name': 'site',
                'verbose_name_plural': 'sites',
                'constraints': [models.UniqueConstraint(models.F('organisation'), etabli.kernel.text.Plain('name'), name='site_name_once'), models.CheckConstraint(condition=models.Q(('latitude__range', (-90, 90))), name='site_latitude'), models.CheckConstraint(condition=models.Q(('longitude__range', (-180, 180))), name='site_longitude')],
            },
        ),
        migrations.CreateModel(
            name='Building',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('created_at', models.DateTimeField(auto_now_add=True, verbose_name='created on')),
                ('updated_at', models.DateTimeField(auto_now=True, verbose_name='changed on')),
                ('version', models.PositiveIntegerField(default=1, editable=False)),
                ('custom', models.JSONField(blank=True, default=dict, editable=False, verbose_name='custom fields')),
                ('name', models.CharField(max_length=80, verbose_name='name')),
                ('organisation', etabli.kernel.tenancy.OwnerKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='kernel.organisation', verbose_name='organisation')),
                ('site', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='buildings', to='people.site', verbose_name='site')),
            ],
            options={
                'verbose_name': 'building',
                'verbose_name_plural': 'buildings',
                'constraints': [models.UniqueConstraint(models.F('site'), etabli.kernel.text.Plain('name'), name='building_name_once')],
            },
        ),
        migrations.CreateModel(
            name='Floor',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('created_at', models.DateTimeField(auto_now_add=True, verbose_name='created on')),
                ('updated_at', models.DateTimeField(auto_now=True, verbose_name='changed on')),
                ('version', models.PositiveIntegerField(default=1, editable=False)),
                ('custom', models.JSONField(blank=True, default=dict, editable=False, verbose_name='custom fields')),
                ('name', models.CharField(max_length=80, verbose_name='name')),
                ('level', models.SmallIntegerField(default=0, verbose_name='level')),
                ('plan_width', models.PositiveIntegerField(default=0, editable=False, verbose_name='width of the plan (pixels)')),
                ('plan_height', models.PositiveIntegerField(default=0, editable=False, verbose_name='height of the plan (pixels)')),
                ('width_m', models.DecimalField(blank=True, decimal_places=2, help_text='From the left edge of the image to the right one; gives the scale.', max_digits=7, null=True, verbose_name='width shown by the plan (m)')),
                ('building', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='floors', to='people.building', verbose_name='building')),
                ('organisation', etabli.kernel.tenancy.OwnerKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='kernel.organisation', verbose_name='organisation')),
                ('plan', models.ForeignKey(blank=True, editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, to='kernel.file', verbose_name='plan')),
            ],
            options={
                'verbose_name': 'floor',
                'verbose_name_plural': 'floors',
                'constraints': [models.UniqueConstraint(models.F('building'), etabli.kernel.text.Plain('name'), name='floor_name_once'), models.CheckConstraint(condition=models.Q(('width_m__isnull', True), ('width_m__gt', 0), _connector='OR'), name='floor_width')],
            },
        ),
        migrations.CreateModel(
            name='Room',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('created_at', models.DateTimeField(auto_now_add=True, verbose_name='created on')),
                ('updated_at', models.DateTimeField(auto_now=True, verbose_name='changed on')),
                ('version', models.PositiveIntegerField(default=1, editable=False)),
                ('custom', models.JSONField(blank=True, default=dict, editable=False, verbose_name='custom fields')),
                ('name', models.CharField(max_length=80, verbose_name='name')),
                ('technical', models.BooleanField(default=False, verbose_name='technical room')),
                ('floor', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='rooms', to='people.floor', verbose_name='floor')),
                ('organisation', etabli.kernel.tenancy.OwnerKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='kernel.organisation', verbose_name='organisation')),
                ('site', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='rooms', to='people.site', verbose_name='site')),
            ],
            options={
                'verbose_name': 'room',
                'verbose_name_plural': 'rooms',
                'constraints': [models.UniqueConstraint(models.F('site'), etabli.kernel.text.Plain('name'), name='room_name_once')],
            },
        ),
        migrations.CreateModel(
            name='Person',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('created_at', models.DateTimeField(auto_now_add=True, verbose_name='created on')),
                ('updated_at', models.DateTimeField(auto_now=True, verbose_name='changed on')),
                ('version', models.PositiveIntegerField(default=1, editable=False)),
                ('custom', models.JSONField(blank=True, default=dict, editable=False, verbose_name='custom fields')),
                ('name', models.CharField(max_length=120, verbose_name='name')),
                ('email', models.EmailField(blank=True, max_length=254, verbose_name='e-mail')),
                ('phone', models.CharField(blank=True, max_length=30, verbose_name='telephone')),
                ('mobile', models.CharField(blank=True, max_length=30, verbose_name='mobile')),
                ('title', models.CharField(blank=True, max_length=120, verbose_name='position')),
                ('employee_number', models.CharField(blank=True, max_length=40, verbose_name='employee number')),
                ('arrived_on', models.DateField(blank=True, null=True, verbose_name='arrived on')),
                ('left_on', models.DateField(blank=True, null=True, verbose_name='left on')),
                ('vip', models.BooleanField(default=False, verbose_name='priority person')),
                ('account', models.OneToOneField(blank=True, editable=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='person', to=settings.AUTH_USER_MODEL)),
                ('manager', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='reports', to='people.person', verbose_name='manager')),
                ('organisation', etabli.kernel.tenancy.OwnerKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='kernel.organisation', verbose_name='organisation')),
                ('room', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='people', to='people.room', verbose_name='room')),
                ('site', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='people', to='people.site', verbose_name='site')),
            ],
            options={
                'verbose_name': 'person',
                'verbose_name_plural': 'people',
            },
        ),
        migrations.CreateModel(
            name='OrgUnit',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('created_at', models.DateTimeField(auto_now_add=True, verbose_name='created on')),
                ('updated_at', models.DateTimeField(auto_now=True, verbose_name='changed on')),
                ('version', models.PositiveIntegerField(default=1, editable=False)),
                ('custom', models.JSONField(blank=True, default=dict, editable=False, verbose_name='custom fields')),
                ('name', models.CharField(max_length=80, verbose_name='name')),
                ('organisation', etabli.kernel.tenancy.OwnerKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='kernel.organisation', verbose_name='organisation')),
                ('parent', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='children', to='people.orgunit', verbose_name='part of')),
                ('manager', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='managed_units', to='people.person', verbose_name='manager')),
            ],
            options={
                'verbose_name': 'org unit',
                'verbose_name_plural': 'org units',
                'constraints': [models.UniqueConstraint(models.F('organisation'), etabli.kernel.text.Plain('name'), name='orgunit_name_once')],
            },
        ),
        migrations.CreateModel(
            name='Rack',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('created_at', models.DateTimeField(auto_now_add=True, verbose_name='created on')),
                ('updated_at', models.DateTimeField(auto_now=True, verbose_name='changed on')),
                ('version', models.PositiveIntegerField(default=1, editable=False)),
                ('custom', models.JSONField(blank=True, default=dict, editable=False, verbose_name='custom fields')),
                ('name', models.CharField(max_length=80, verbose_name='name')),
                ('units', models.PositiveSmallIntegerField(default=42, verbose_name='units')),
                ('power_w', models.PositiveIntegerField(blank=True, null=True, verbose_name='power available (W)')),
                ('load_kg', models.PositiveIntegerField(blank=True, null=True, verbose_name='largest load (kg)')),
                ('organisation', etabli.kernel.tenancy.OwnerKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='kernel.organisation', verbose_name='organisation')),
                ('room', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='racks', to='people.room', verbose_name='room')),
            ],
            options={
                'verbose_name': 'rack',
                'verbose_name_plural': 'racks',
                'constraints': [models.UniqueConstraint(models.F('room'), etabli.kernel.text.Plain('name'), name='rack_name_once'), models.CheckConstraint(condition=models.Q(('units__range', (1, 60))), name='rack_units')],
            },
        ),
        migrations.CreateModel(
            name='Subnet',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('created_at', models.DateTimeField(auto_now_add=True, verbose_name='created on')),
                ('updated_at', models.DateTimeField(auto_now=True, verbose_name='changed on')),
                ('version', models.PositiveIntegerField(default=1, editable=False)),
                ('custom', models.JSONField(blank=True, default=dict, editable=False, verbose_name='custom fields')),
                ('network', etabli.people.subnets.CidrField(help_text='For example 10.14.0.0/16.', max_length=43, verbose_name='network')),
                ('name', models.CharField(blank=True, max_length=80, verbose_name='name')),
                ('organisation', etabli.kernel.tenancy.OwnerKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='kernel.organisation', verbose_name='organisation')),
                ('site', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='subnets', to='people.site', verbose_name='site')),
            ],
            options={
                'verbose_name': 'subnet of a site',
                'verbose_name_plural': 'subnets of sites',
                'constraints': [models.UniqueConstraint(fields=('organisation', 'network'), name='subnet_once', violation_error_message='Another site already has exactly this network.')],
            },
        ),
        migrations.CreateModel(
            name='Team',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('created_at', models.DateTimeField(auto_now_add=True, verbose_name='created on')),
                ('updated_at', models.DateTimeField(auto_now=True, verbose_name='changed on')),
                ('version', models.PositiveIntegerField(default=1, editable=False)),
                ('custom', models.JSONField(blank=True, default=dict, editable=False, verbose_name='custom fields')),
                ('name', models.CharField(max_length=80, verbose_name='name')),
                ('email', models.EmailField(blank=True, max_length=254, verbose_name='e-mail')),
                ('leader', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='led_teams', to='people.person', verbose_name='leader')),
                ('organisation', etabli.kernel.tenancy.OwnerKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='kernel.organisation', verbose_name='organisation')),
            ],
            options={
                'verbose_name': 'team',
                'verbose_name_plural': 'teams',
                'constraints': [models.UniqueConstraint(models.F('organisation'), etabli.kernel.text.Plain('name'), name='team_name_once')],
            },
        ),
        migrations.CreateModel(
            name='TeamMember',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('organisation', etabli.kernel.tenancy.OwnerKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='kernel.organisation', verbose_name='organisation')),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='teams', to='people.person')),
                ('team', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='members', to='people.team')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('team', 'person'), name='team_member_once')],
            },
        ),
        migrations.AddField(
            model_name='person',
            name='unit',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='people', to='people.orgunit', verbose_name='org unit'),
        ),
        migrations.AddIndex(
            model_name='person',
            index=models.Index(etabli.kernel.text.Plain('name'), models.F('id'), name='person_by_name'),
        ),
        migrations.AddConstraint(
            model_name='person',
            constraint=models.UniqueConstraint(models.F('organisation'), django.db.models.functions.text.Lower('email'), condition=models.Q(('email', ''), _negated=True), name='person_email_once'),
        ),
        migrations.AddConstraint(
            model_name='person',
            constraint=models.CheckConstraint(condition=models.Q(('left_on__isnull', True), ('arrived_on__isnull', True), ('left_on__gte', models.F('arrived_on')), _connector='OR'), name='person_leaves_after_arriving'),
        ),
    ]
